// Real-time tasks: worst responses and misses of textbook task sets, exactly.
#include "models/work/periodic.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/models/textbook_sets.hpp"
#include "tests/models/world_fixture.hpp"

namespace timeslice::models {
namespace {

using namespace std::chrono_literals;
using textbook::Task;
using textbook::TaskSet;

constexpr sim::Duration unit = 1ms;  // of the tables

struct Plan {
  PolicyKind policy = PolicyKind::edf;
  std::uint32_t cpus = 1;
  QueueScope scope = QueueScope::shared;
};

/// Tasks are named t1, t2 ... in the order of the set.
WorldSpec world_of(const std::vector<Task>& tasks, std::int64_t length, const Plan& plan) {
  WorldSpec world = cpp_world(plan.cpus);
  world.os.policy.kind = plan.policy;
  world.os.policy.scope = plan.scope;
  std::int32_t rank = 0;
  for (const Task& task : tasks) {
    ++rank;
    add_task(world, "t" + std::to_string(rank), {native(task.work * unit)});
    PeriodicStep step;
    step.task = TaskIndex{static_cast<std::uint32_t>(rank - 1)};
    step.every = constant(task.period * unit);
    step.deadline = task.deadline * unit;
    step.priority = rank;
    step.length = length * unit;
    world.main.push_back({.what = step});
  }
  world.main = numbered(world.main);
  return world;
}

double worst_response(const Timings& timings, std::size_t task) {
  return metric(timings, "response_max", "t" + std::to_string(task + 1)) / 1e6;
}
double misses(const Timings& timings, std::size_t task) {
  return metric(timings, "deadline_misses", "t" + std::to_string(task + 1));
}

class TextbookSets : public testing::TestWithParam<TaskSet> {};
INSTANTIATE_TEST_SUITE_P(Sets, TextbookSets, testing::ValuesIn(textbook::task_sets()),
                         [](const auto& parameter) { return parameter.param.name; });

TEST_P(TextbookSets, fixed_priorities_give_the_worst_responses_and_misses_of_the_table) {
  const TaskSet& set = GetParam();
  const Timings timings =
      run_world(world_of(set.tasks, set.hyperperiod, {.policy = PolicyKind::priority}));
  for (std::size_t i = 0; i < set.tasks.size(); ++i) {
    EXPECT_EQ(worst_response(timings, i), set.tasks[i].fixed.response) << "t" << i + 1;
    EXPECT_EQ(misses(timings, i), set.tasks[i].fixed.misses) << "t" << i + 1;
  }
}

TEST_P(TextbookSets, the_earliest_deadline_gives_the_worst_responses_and_misses_of_the_table) {
  const TaskSet& set = GetParam();
  for (const QueueScope scope : {QueueScope::shared, QueueScope::per_cpu}) {
    const Timings timings = run_world(
        world_of(set.tasks, set.hyperperiod, {.policy = PolicyKind::edf, .scope = scope}));
    for (std::size_t i = 0; i < set.tasks.size(); ++i) {
      EXPECT_EQ(worst_response(timings, i), set.tasks[i].edf.response) << "t" << i + 1;
      EXPECT_EQ(misses(timings, i), set.tasks[i].edf.misses) << "t" << i + 1;
    }
  }
}

TEST_P(TextbookSets, rate_monotonic_is_fixed_priorities_by_period) {
  const TaskSet& set = GetParam();
  for (const QueueScope scope : {QueueScope::shared, QueueScope::per_cpu}) {
    const Timings timings =
        run_world(world_of(set.tasks, set.hyperperiod, {.policy = PolicyKind::rm, .scope = scope}));
    for (std::size_t i = 0; i < set.tasks.size(); ++i) {
      EXPECT_EQ(worst_response(timings, i), set.tasks[i].fixed.response) << "t" << i + 1;
    }
  }
}

// Dhall and Liu, "On a real-time scheduling problem", Operations Research 26 (1978).
const std::vector<Task> dhall{{.work = 2, .period = 10, .deadline = 10},
                              {.work = 2, .period = 10, .deadline = 10},
                              {.work = 10, .period = 11, .deadline = 11}};

TEST(Periodic, global_edf_misses_with_a_heavy_task_on_two_cpus) {
  const Timings timings = run_world(world_of(dhall, 110, {.policy = PolicyKind::edf, .cpus = 2}));
  EXPECT_EQ(worst_response(timings, 2), 12.0);
  EXPECT_EQ(misses(timings, 0) + misses(timings, 1), 0.0);
  EXPECT_EQ(misses(timings, 2), 2.0);
}

TEST(Periodic, the_heavy_task_on_a_cpu_of_its_own_never_misses) {
  WorldSpec world =
      world_of(dhall, 110, {.policy = PolicyKind::edf, .cpus = 2, .scope = QueueScope::per_cpu});
  for (std::size_t i = 0; i < dhall.size(); ++i) {
    std::get<PeriodicStep>(world.main[i].what).pin = {CpuId{i == 2 ? 1U : 0U}};
  }
  const Timings timings = run_world(world);
  EXPECT_EQ(worst_response(timings, 2), 10.0);
  EXPECT_EQ(worst_response(timings, 1), 4.0);
  for (std::size_t i = 0; i < dhall.size(); ++i) {
    EXPECT_EQ(misses(timings, i), 0.0);
  }
}

TEST(Periodic, a_shared_queue_preempts_the_least_urgent_of_all_cpus) {
  // Three long jobs on three CPUs; the urgent one comes later and must take the CPU of t4.
  const std::vector<Task> tasks{{.work = 1, .period = 100, .deadline = 5},
                                {.work = 10, .period = 100, .deadline = 50},
                                {.work = 10, .period = 100, .deadline = 40},
                                {.work = 10, .period = 100, .deadline = 60}};
  for (const PolicyKind policy : {PolicyKind::edf, PolicyKind::priority}) {
    WorldSpec world = world_of(tasks, 100, {.policy = policy, .cpus = 3});
    std::get<PeriodicStep>(world.main[0].what).offset = 2 * unit;
    const Timings timings = run_world(world);
    EXPECT_EQ(worst_response(timings, 0), 1.0);
    EXPECT_EQ(worst_response(timings, 1), 10.0);
    EXPECT_EQ(worst_response(timings, 2), 10.0);
    EXPECT_EQ(worst_response(timings, 3), 11.0);
  }
}

TEST(Periodic, a_late_job_goes_on_and_the_next_waits_behind_it) {
  // 15 of work each 10: responses 15, 20, 25.
  const Timings timings = run_world(
      world_of({{.work = 15, .period = 10, .deadline = 10}}, 30, {.policy = PolicyKind::rm}));
  EXPECT_EQ(metric(timings, "jobs_done", "t1"), 3.0);
  EXPECT_EQ(metric(timings, "deadline_misses", "t1"), 3.0);
  EXPECT_EQ(metric(timings, "response_p50", "t1"), 20e6);
  EXPECT_EQ(metric(timings, "response_max", "t1"), 25e6);
  EXPECT_EQ(timings.makespan, 45ms) << "main waits for the last job";
}

TEST(Periodic, offset_and_duration_decide_how_many_jobs_there_are) {
  WorldSpec world = world_of({{.work = 1, .period = 10, .deadline = 10}}, 30, {});
  EXPECT_EQ(metric(run_world(world), "jobs_done", "t1"), 3.0) << "at 0, 10 and 20";
  std::get<PeriodicStep>(world.main[0].what).offset = 9 * unit;
  EXPECT_EQ(metric(run_world(world), "jobs_done", "t1"), 3.0) << "at 9, 19 and 29";
  std::get<PeriodicStep>(world.main[0].what).offset = 10 * unit;
  EXPECT_EQ(metric(run_world(world), "jobs_done", "t1"), 2.0) << "at 10 and 20";
}

TEST(Periodic, a_sporadic_task_keeps_its_separation) {
  WorldSpec world = world_of({{.work = 1, .period = 10, .deadline = 10}}, 100'000, {});
  PeriodicStep& step = std::get<PeriodicStep>(world.main[0].what);
  step.every = {
      .kind = DistributionKind::uniform, .first_ns = 10e6, .second = 30e6, .values_ns = {}};
  EXPECT_EQ(period_of(step), 10ms) << "what rm and the deadline go by";
  const Timings timings = run_world(world);
  EXPECT_NEAR(metric(timings, "jobs_done", "t1"), 5'000.0, 100.0) << "one each 20 ms";
  EXPECT_EQ(metric(timings, "response_max", "t1"), 1e6) << "never two at a time";
}

TEST(Periodic, other_threads_run_in_what_real_time_tasks_leave) {
  for (const PolicyKind policy : {PolicyKind::edf, PolicyKind::rm, PolicyKind::priority}) {
    WorldSpec world =
        world_of({{.work = 4, .period = 10, .deadline = 10}}, 1'000, {.policy = policy});
    world.main.push_back(native(60ms));
    const Timings timings = run_world(world);
    EXPECT_EQ(worst_response(timings, 0), 4.0);
    EXPECT_EQ(misses(timings, 0), 0.0);
    EXPECT_EQ(timings.makespan, 994ms);
  }
}

TEST(Periodic, works_in_python_where_a_job_also_needs_the_gil) {
  WorldSpec world = ideal_world(1);
  world.os.policy.kind = PolicyKind::edf;
  add_task(world, "tick", {python(2ms)});
  PeriodicStep step;
  step.every = constant(10ms);
  step.length = 100ms;
  world.main = numbered({{.what = step}});
  const Timings timings = run_world(world);
  EXPECT_EQ(metric(timings, "jobs_done", "tick"), 10.0);
  EXPECT_EQ(metric(timings, "response_max", "tick"), 2e6);
}

TEST(Periodic, the_same_task_twice_is_reported_as_one) {
  WorldSpec world = world_of({{.work = 3, .period = 10, .deadline = 10}}, 100, {});
  world.main.push_back(world.main.front());
  world.main = numbered(world.main);
  const Timings timings = run_world(world);
  EXPECT_EQ(metric(timings, "jobs_done", "t1"), 20.0);
  EXPECT_EQ(metric(timings, "response_max", "t1"), 6e6)
      << "of equal deadlines the first goes first";
  EXPECT_EQ(metric(timings, "cpu_time", "t1-1"), 30e6);
}

TEST(Periodic, nonsense_is_refused) {
  const auto wrong = [](auto change) {
    WorldSpec world = world_of({{.work = 1, .period = 10, .deadline = 10}}, 30, {});
    change(world, std::get<PeriodicStep>(world.main[0].what));
    return !check_world(world).empty();
  };
  EXPECT_FALSE(wrong([](WorldSpec&, PeriodicStep&) {}));
  EXPECT_TRUE(wrong([](WorldSpec&, PeriodicStep& step) { step.every = constant(0ms); }));
  EXPECT_TRUE(wrong([](WorldSpec&, PeriodicStep& step) { step.length = 0ms; }));
  EXPECT_TRUE(wrong([](WorldSpec&, PeriodicStep& step) { step.deadline = 0ms; }));
  EXPECT_TRUE(wrong([](WorldSpec&, PeriodicStep& step) { step.priority = 100; }));
  EXPECT_TRUE(wrong([](WorldSpec&, PeriodicStep& step) { step.pin = {CpuId{7}}; }));
  EXPECT_TRUE(wrong([](WorldSpec&, PeriodicStep& step) { step.length = 24h * 365; }));
  EXPECT_TRUE(wrong(
      [](WorldSpec& world, PeriodicStep&) { world.main = numbered({repeat(2, world.main)}); }));
  EXPECT_TRUE(wrong([](WorldSpec& world, PeriodicStep&) { world.tasks[0].steps = world.main; }));
}

}  // namespace
}  // namespace timeslice::models
