// Everything that this host delivered for some points: runs, costs, calibration.
//
// Made by running natively (session.hpp) or read from a record (record.hpp); predictions need
// nothing else, so they can be made again, on the same runs, by another model.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "validation/calibrate/host_calibration.hpp"
#include "validation/native/native_run.hpp"
#include "validation/timeline.hpp"

namespace timeslice::validation {

/// A native run that counts.
struct AcceptedTrial {
  NativeRun run;
  std::uint64_t repetition = 0;
  std::size_t stretch = 0;                // between which measurements of the host's costs it lies
  std::optional<TimelineFacts> timeline;  // where it was recorded
};

/// Native runs of one point.
struct Trials {
  std::uint64_t attempts = 0;
  std::uint64_t failures = 0;
  std::map<std::string, std::uint64_t> rejected;  // by reason
  std::vector<AcceptedTrial> accepted;
  std::set<std::string> unrecorded;  // why there is no timeline
  std::uint64_t repaired = 0;        // switches in timelines
};

struct NativeSide {
  std::shared_ptr<const HostCalibration> calibration;
  std::vector<QuickCosts> references;  // of the host, first before all runs; never empty
  std::vector<Trials> points;          // in their order
  std::uint64_t wanted = 1;            // accepted runs of each point
  std::string recorder;                // tier of the timelines' recorder; empty: there was none
  std::string why_no_better_recorder;
  bool interrupted = false;  // give_up said so
};

/// Whether the median of the makespans, each by the mean speed of its run, is known to `until` (a
/// share, with 95 %), by five runs at least; never for 0.
[[nodiscard]] bool is_tight(const Trials& trials, double until);

}  // namespace timeslice::validation
