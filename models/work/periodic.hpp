// `periodic:` steps: real-time tasks, each on a thread of its own that does one job a release.
//
// Steps that follow one another start together: their threads are made and parked, and when all are
// there time zero is set for all of them. A job is released at time zero plus offset, and then
// every period (a drawn one: a sporadic task); the last one before `for` is over. A job that is
// late goes on, and the next one waits behind it. Main goes on at once and waits for all tasks at
// its end. Response: from release to the end of the job's last step. Cost: 8 bytes a job.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "models/os/policy.hpp"
#include "models/python/process.hpp"
#include "models/work/step.hpp"
#include "sim/process.hpp"

namespace timeslice::models {

/// One real-time task of a run. Stays at its address.
struct PeriodicTask {
  const PeriodicStep* step = nullptr;
  std::uint32_t number = 0;  // of the step; keys its draws
  Actor* actor = nullptr;
  sim::Duration deadline{};  // after the release
  bool released = false;     // time zero is set
  sim::Instant zero;
  Job job;  // the present one
  std::uint64_t misses = 0;
  std::vector<std::int64_t> responses;  // [ns], in order of release
};

struct PeriodicTasks {
  std::deque<PeriodicTask> all;
  std::size_t parked = 0;     // threads that have come to their start, over the run
  Actor* awaiting = nullptr;  // main, until all are parked
};

/// The separation of releases that a deadline and rm go by: the shortest possible if the
/// distribution has one above 0, else the mean.
[[nodiscard]] sim::Duration period_of(const PeriodicStep& step);

/// Makes the thread of a task, parked. Requires: `main` runs main's steps; `step` outlives the run.
[[nodiscard]] sim::Process<> add_periodic(Actor& main, const PeriodicStep& step,
                                          std::uint32_t number);

/// Sets time zero for all tasks that are parked.
[[nodiscard]] sim::Process<> release_periodic(Actor& main);

/// Waits until all tasks have done their last job.
[[nodiscard]] sim::Process<> join_periodic(Actor& main);

}  // namespace timeslice::models
