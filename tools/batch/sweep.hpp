// A sweep on all cores: every point of a plan, one engine a run, outcomes in order.
//
// Runs are spread over `jobs` oneTBB workers; the outcome of each point is handed over in ordinal
// order, from one thread at a time, so that output and database never depend on `jobs`. What is
// interrupted is handed over as well, as far as it got: points marked as incomplete. Memory:
// bounded by a window of points, not by the size of the plan.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <span>

#include "scenarios/format/load.hpp"
#include "tools/report/summary.hpp"

namespace timeslice::tools {

struct SweepOptions {
  unsigned jobs = 0;  // 0: as many as this process may use
  bool keep_tasks = false;
  bool keep_slices = false;
  bool costs = false;                        // adds the cost waterfall to every run
  std::chrono::nanoseconds sample_period{};  // of the time line; 0: by the length of each run
  std::function<bool()> give_up = {};        // Ctrl-C; polled by one thread
  std::function<bool(std::uint64_t ordinal)> wanted = {};  // shard, resume; nothing: all
  std::function<void(std::uint64_t done, std::uint64_t total)> progress = {};
  /// Repetitions of a wanted point that need not run again (resume); nothing: all run.
  std::function<bool(std::uint64_t ordinal, std::uint64_t repetition)> done_before = {};
  /// Hears every `runs_interval` which runs have ended since in points that go on.
  std::function<void(const scenarios::Point&, std::span<const FinishedRun>)> on_runs = {};
  std::chrono::milliseconds runs_interval{1000};
};

enum class SweepEnd { complete, interrupted };

[[nodiscard]] SweepEnd run_sweep(const scenarios::Plan& plan, const SweepOptions& options,
                                 const std::function<void(PointOutcome&&)>& on_outcome);

}  // namespace timeslice::tools
