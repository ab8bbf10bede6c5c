#include "validation/theory/response_time.hpp"

#include <array>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "models/machine/regular.hpp"
#include "models/os/os_spec.hpp"
#include "models/world.hpp"
#include "sim/random.hpp"
#include "tests/models/textbook_sets.hpp"

namespace timeslice::validation {
namespace {

using namespace std::chrono_literals;

constexpr sim::Duration unit = 1ms;

std::vector<RealTimeTask> tasks_of(const models::textbook::TaskSet& set) {
  std::vector<RealTimeTask> tasks;
  for (const auto& task : set.tasks) {
    tasks.push_back({.work = task.work * unit,
                     .period = task.period * unit,
                     .deadline = task.deadline * unit,
                     .blocking = {}});
  }
  return tasks;
}

/// Worst response of each task in `length`, simulated with fixed priorities.
std::vector<sim::Duration> simulated(const std::vector<RealTimeTask>& tasks, sim::Duration length) {
  models::WorldSpec world;
  world.machine = models::ideal_machine(1);
  world.os = models::ideal_os();
  world.os.policy.kind = models::PolicyKind::priority;
  world.runtime.language = models::Language::none;
  for (std::uint32_t i = 0; i < tasks.size(); ++i) {
    models::TaskSpec& task = world.tasks.emplace_back();
    task.name = std::to_string(i);
    task.steps = {{.what = models::NativeStep{models::constant(tasks[i].work)}, .number = 0}};
    models::PeriodicStep step;
    step.task = models::TaskIndex{i};
    step.every = models::constant(tasks[i].period);
    step.priority = static_cast<std::int32_t>(i) + 1;
    step.length = length;
    world.main.push_back({.what = step, .number = i});
  }
  EXPECT_TRUE(models::check_world(world).empty());
  const models::Timings timings = models::simulate_world(world, 1, {});
  std::vector<sim::Duration> worst(tasks.size());
  for (const models::Metric& metric : timings.metrics) {
    if (metric.name == "response_max") {
      worst[std::stoul(metric.entity)] = sim::Duration{static_cast<std::int64_t>(metric.value)};
    }
  }
  return worst;
}

TEST(ResponseTime, agrees_with_the_tables) {
  for (const auto& set : models::textbook::task_sets()) {
    const std::vector<RealTimeTask> tasks = tasks_of(set);
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      const auto expected = static_cast<std::int64_t>(set.tasks[i].fixed.response) * unit;
      EXPECT_EQ(worst_response_with_backlog(tasks, i), expected) << set.name << " t" << i + 1;
      if (expected <= tasks[i].period) {
        EXPECT_EQ(worst_response(tasks, i), expected) << set.name << " t" << i + 1;
      } else {
        EXPECT_FALSE(worst_response(tasks, i).has_value()) << set.name << " t" << i + 1;
      }
    }
  }
}

TEST(ResponseTime, blocking_by_a_less_urgent_task_adds_once) {
  // C, T, B = (2, 10, 4), (4, 20, 4), (6, 40, 0): responses 6, 10, 14.
  const std::vector<RealTimeTask> tasks{
      {2ms, 10ms, 10ms, 4ms}, {4ms, 20ms, 20ms, 4ms}, {6ms, 40ms, 40ms, 0ms}};
  EXPECT_EQ(worst_response(tasks, 0), 6ms);
  EXPECT_EQ(worst_response(tasks, 1), 10ms);
  EXPECT_EQ(worst_response(tasks, 2), 14ms);
}

TEST(ResponseTime, agrees_with_the_simulator_on_random_sets) {
  const sim::Random random{20};
  std::uint32_t count = 0;
  const auto draw = [&](std::uint64_t n) {
    return static_cast<std::int64_t>(random.below({.count = count++}, n));
  };
  for (int turn = 0; turn < 200; ++turn) {
    constexpr sim::Duration hyperperiod = 720ms;
    constexpr std::array<std::int64_t, 8> periods{8, 9, 12, 16, 20, 24, 36, 48};
    std::vector<RealTimeTask> tasks;
    for (std::int64_t left = 2 + draw(3); left > 0; --left) {
      const sim::Duration period = periods[static_cast<std::size_t>(draw(8))] * unit;
      tasks.push_back({.work = (1 + draw(6)) * 500us, .period = period, .deadline = period});
    }
    if (!busy_period(tasks, tasks.size() - 1)) {
      continue;  // overload
    }
    const std::vector<sim::Duration> worst = simulated(tasks, hyperperiod);
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      EXPECT_EQ(worst_response_with_backlog(tasks, i), worst[i]) << "set " << turn << " task " << i;
    }
  }
}

TEST(ResponseTime, overload_has_no_busy_period) {
  const std::vector<RealTimeTask> tasks{{6ms, 10ms, 10ms, 0ms}, {5ms, 10ms, 10ms, 0ms}};
  EXPECT_EQ(busy_period(tasks, 0), 6ms);
  EXPECT_FALSE(busy_period(tasks, 1).has_value());
  EXPECT_FALSE(worst_response_with_backlog(tasks, 1).has_value());
}

TEST(ResponseTime, the_utilisation_bound_falls_to_ln_2) {
  EXPECT_DOUBLE_EQ(liu_layland_bound(1), 1.0);
  EXPECT_NEAR(liu_layland_bound(2), 0.828427, 1e-6);
  EXPECT_NEAR(liu_layland_bound(3), 0.779763, 1e-6);
  EXPECT_NEAR(liu_layland_bound(100'000), 0.693147, 1e-4);
}

}  // namespace
}  // namespace timeslice::validation
