// A sweep on all cores: every point of a plan, one engine a run, outcomes in order.
//
// Runs are spread over `jobs` oneTBB workers; the outcome of each point is handed over in ordinal
// order, from one thread at a time, so that output and database never depend on `jobs`. Memory:
// bounded by a window of points, not by the size of the plan.
#pragma once

#include <cstdint>
#include <functional>

#include "scenarios/format/load.hpp"
#include "tools/report/summary.hpp"

namespace timeslice::tools {

struct SweepOptions {
  unsigned jobs = 0;  // 0: as many as this process may use
  bool keep_tasks = false;
  bool keep_slices = false;
  std::function<bool()> give_up = {};                      // Ctrl-C; polled by one thread
  std::function<bool(std::uint64_t ordinal)> wanted = {};  // shard, resume; nothing: all
  std::function<void(std::uint64_t done, std::uint64_t total)> progress = {};
};

enum class SweepEnd { complete, interrupted };

[[nodiscard]] SweepEnd run_sweep(const scenarios::Plan& plan, const SweepOptions& options,
                                 const std::function<void(PointOutcome&&)>& on_outcome);

}  // namespace timeslice::tools
