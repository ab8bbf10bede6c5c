// Response-time analysis of fixed priorities on one CPU: the worst response without simulating.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "sim/time.hpp"

namespace timeslice::validation {

struct RealTimeTask {
  sim::Duration work{};
  sim::Duration period{};
  sim::Duration deadline{};  // after the release
  sim::Duration blocking{};  // longest that a less urgent task can hold it up
};

/// Worst response of task `index`; `tasks` in order of priority, the most urgent first. Assumes
/// preemption at no cost, all released at once, at most one job of a task at a time. Least fixed
/// point of R = B + C + sum over the more urgent of ceil(R / T) * C (Joseph and Pandya, Computer
/// Journal 29, 1986; Audsley et al., 1993). Nothing if R passes the task's period: then a job
/// still runs when the next one is released, which this form does not see.
/// Requires: index < tasks.size(); work and periods above 0. Cost: a few passes over the tasks.
[[nodiscard]] std::optional<sim::Duration> worst_response(std::span<const RealTimeTask> tasks,
                                                          std::size_t index);

/// The longest time for which priority `index` or above is busy without a pause after all were
/// released at once; nothing if that has no end (utilisation above 1). Same assumptions.
[[nodiscard]] std::optional<sim::Duration> busy_period(std::span<const RealTimeTask> tasks,
                                                       std::size_t index);

/// Worst response also where jobs of one task queue up: the largest over all jobs in the busy
/// period (Lehoczky, RTSS 1990). Equals worst_response() where that has an answer.
[[nodiscard]] std::optional<sim::Duration> worst_response_with_backlog(
    std::span<const RealTimeTask> tasks, std::size_t index);

/// Liu and Layland's bound, J. ACM 20 (1973): up to this utilisation rate-monotonic priorities meet
/// every deadline that is a period. n * (2^(1/n) - 1). Requires: n >= 1.
[[nodiscard]] double liu_layland_bound(std::size_t n);

}  // namespace timeslice::validation
