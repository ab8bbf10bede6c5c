// A native run with a recorder around it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "validation/native/native_run.hpp"
#include "validation/native/recorder/recording.hpp"
#include "validation/timeline.hpp"

namespace timeslice::validation {

struct RecordedNativeRun {
  NativeRun run;
  TimelineFacts facts;  // when `problem` is empty
  std::uint64_t repaired = 0;
  std::string problem;  // why there is no recording
};

/// What a recorded run needs; nothing is owned.
struct RecordedBench {
  NativeRunner& runner;
  TimelineProvider& provider;
  const std::vector<std::int32_t>& cpus;  // the host's; a run gets as many as its machine has
};

/// Runs `scenario` while the provider records. With `keep_slices` in `options` the run's timings
/// have its slices, as far as the tier knows them.
[[nodiscard]] RecordedNativeRun measure_recorded(const RecordedBench& bench,
                                                 const scenarios::Scenario& scenario,
                                                 std::uint64_t repetition,
                                                 scenarios::RunOptions options);

/// The facts of a recording; with records alone, with totals alone, or of tier perf with the waits
/// of the totals.
[[nodiscard]] TimelineFacts facts_of(const Recording& recording, RecorderTier tier,
                                     sim::Duration span, std::uint32_t cpus);

}  // namespace timeslice::validation
