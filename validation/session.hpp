// Native runs of some points, by any runners: real ones in `validate`, scripted ones in tests.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "validation/native/native_run.hpp"
#include "validation/native/recorder/recording.hpp"
#include "validation/native_side.hpp"
#include "validation/references.hpp"
#include "validation/validate.hpp"

namespace timeslice::validation {

/// What a session works with. Runners are not owned; one that no point needs may be missing.
struct Lab {
  std::shared_ptr<const HostCalibration> calibration;
  NativeRunner* python = nullptr;
  NativeRunner* cpp = nullptr;
  /// Records native runs when there is one; and why it is no better one.
  TimelineProvider* recorder = nullptr;
  std::string why_no_better_recorder{};
  /// Costs of the host as they are now; without it those of the calibration hold throughout.
  References::Measure measure_again{};
};

/// Runs them. Requires: every point can run natively.
[[nodiscard]] NativeSide run_session(const std::vector<scenarios::Point>& points,
                                     const ValidateOptions& options, const Lab& lab);

/// What the native runners of a session cut their steps into.
[[nodiscard]] sim::Duration part_of(const ValidateOptions& options);

/// Why a run does not count; nothing: it does.
[[nodiscard]] std::optional<std::string> rejection_reason(const NativeRun& run,
                                                          const RejectionLimits& limits);

}  // namespace timeslice::validation
