// Recording what the kernel did with the threads of a native run: the truth that a simulated trace
// is compared with.
//
// Three tiers behind one interface, the best that this process may use:
//   tracefs  root: a private tracing instance; every switch, wake-up and rival on the CPUs
//   perf     anyone, where perf_event_paranoid <= 2: own switches; a wake-up is not seen
//   totals   anywhere: CPU time and run-queue wait per thread, looked at every 20 ms
// What is recorded stays in memory; at most 256 MiB of kernel buffers.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/result.hpp"
#include "sim/time.hpp"
#include "sim/trace.hpp"
#include "validation/timeline.hpp"

namespace timeslice::validation {

enum class RecorderTier : std::uint8_t { tracefs, perf, totals };

[[nodiscard]] std::string_view name_of(RecorderTier tier);

/// Which part of what happened is the run.
struct RecordedRun {
  std::int32_t root = 0;      // process whose main thread is the program's, and whose children are
  std::int64_t start_ns = 0;  // CLOCK_MONOTONIC: main's first step
  std::int64_t end_ns = 0;    // and its end
  std::vector<std::int32_t> cpus;  // operating-system numbers; the run's CPU i is cpus[i]
};

struct Recording {
  /// In order of time from main's first step; thread 0 is main. Empty in tier totals.
  /// `switch_out` never says "slice used up" (the kernel does not tell: preempted instead), and
  /// `blocked` says io for uninterruptible sleep and idle for every other reason.
  std::vector<sim::TraceRecord> records;
  std::vector<ThreadFacts> totals;  // tier totals only
  std::uint64_t repaired = 0;       // switches that the kernel did not report, seen by the next one
};

class TimelineProvider {
 public:
  TimelineProvider() = default;
  TimelineProvider(const TimelineProvider&) = delete;
  TimelineProvider& operator=(const TimelineProvider&) = delete;
  virtual ~TimelineProvider() = default;

  /// From now on this thread's future children are watched. Nothing: all is well.
  [[nodiscard]] virtual std::optional<sim::Error> begin() = 0;
  /// To be called every 20 ms or so during the run.
  virtual void look() {}
  /// Stops and reads. Requires: begin() succeeded; nobody of the run lives any more.
  [[nodiscard]] virtual sim::Result<Recording> end(const RecordedRun& run) = 0;

  [[nodiscard]] virtual RecorderTier tier() const = 0;
};

/// The best tier that works here, and why no better one does ("" for the first).
struct ChosenProvider {
  std::unique_ptr<TimelineProvider> provider;
  std::string why_not_better;
};
[[nodiscard]] ChosenProvider best_provider(const std::vector<std::int32_t>& cpus);

/// One tier, or why it does not work here.
[[nodiscard]] sim::Result<std::unique_ptr<TimelineProvider>> make_provider(
    RecorderTier tier, const std::vector<std::int32_t>& cpus);

}  // namespace timeslice::validation
