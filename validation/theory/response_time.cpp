#include "validation/theory/response_time.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "sim/expect.hpp"

namespace timeslice::validation {

namespace {

std::int64_t jobs_in(sim::Duration time, sim::Duration period) {
  return (time.count() + period.count() - 1) / period.count();
}

/// Work of the tasks before `index` that is released in `time`.
sim::Duration interference(std::span<const RealTimeTask> tasks, std::size_t index,
                           sim::Duration time) {
  sim::Duration sum{};
  for (const RealTimeTask& task : tasks.first(index)) {
    sum += task.work * jobs_in(time, task.period);
  }
  return sum;
}

/// When `own` work of task `index` is done, that all begins at once; nothing beyond `limit`.
std::optional<sim::Duration> finish(std::span<const RealTimeTask> tasks, std::size_t index,
                                    sim::Duration own, sim::Duration limit) {
  sim::Duration guess = own;
  while (guess <= limit) {
    const sim::Duration next = own + interference(tasks, index, guess);
    if (next == guess) {
      return guess;
    }
    guess = next;
  }
  return std::nullopt;
}

void check(std::span<const RealTimeTask> tasks, std::size_t index) {
  sim::expect(index < tasks.size(), "the task is one of the set");
  const bool sound = std::ranges::all_of(tasks, [](const RealTimeTask& task) {
    return task.work > sim::Duration::zero() && task.period > sim::Duration::zero();
  });
  sim::expect(sound, "a real-time task has work and a period");
}

}  // namespace

std::optional<sim::Duration> worst_response(std::span<const RealTimeTask> tasks,
                                            std::size_t index) {
  check(tasks, index);
  const RealTimeTask& task = tasks[index];
  return finish(tasks, index, task.blocking + task.work, task.period);
}

std::optional<sim::Duration> busy_period(std::span<const RealTimeTask> tasks, std::size_t index) {
  check(tasks, index);
  const std::span<const RealTimeTask> all = tasks.first(index + 1);
  double load = 0.0;
  sim::Duration busy = tasks[index].blocking;
  for (const RealTimeTask& task : all) {
    busy += task.work;
    load += static_cast<double>(task.work.count()) / static_cast<double>(task.period.count());
  }
  constexpr double rounding = 1e-9;
  if (load > 1.0 + rounding) {
    return std::nullopt;
  }
  while (true) {
    const sim::Duration next = tasks[index].blocking + interference(tasks, index + 1, busy);
    if (next == busy) {
      return busy;
    }
    busy = next;
  }
}

std::optional<sim::Duration> worst_response_with_backlog(std::span<const RealTimeTask> tasks,
                                                         std::size_t index) {
  const std::optional<sim::Duration> busy = busy_period(tasks, index);
  if (!busy) {
    return std::nullopt;
  }
  const RealTimeTask& task = tasks[index];
  sim::Duration worst{};
  for (std::int64_t job = 0; task.period * job < *busy; ++job) {
    const auto done = finish(tasks, index, task.blocking + task.work * (job + 1), *busy);
    sim::expect(done.has_value(), "the jobs of a busy period end in it");
    worst = std::max(worst, *done - task.period * job);
  }
  return worst;
}

double liu_layland_bound(std::size_t n) {
  sim::expect(n >= 1, "a set has a task");
  const auto tasks = static_cast<double>(n);
  return tasks * (std::pow(2.0, 1.0 / tasks) - 1.0);
}

}  // namespace timeslice::validation
