#include "models/world.hpp"

#include <algorithm>
#include <array>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/models/world_fixture.hpp"

namespace timeslice::models {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

TEST(World, a_serial_program_takes_the_sum_of_its_steps) {
  WorldSpec world = ideal_world(1);
  world.main = numbered({python(5ms), native(3ms), io(10ms), sleep_for(2ms),
                         repeat(4, {python(1ms), native(500us)})});
  EXPECT_EQ(run_world(world).makespan, sim::Duration{26ms});
}

TEST(World, repeats_of_nothing_take_no_time_and_no_events) {
  WorldSpec world = ideal_world(1);
  world.main =
      numbered({repeat(100'000, {repeat(10'000, {}), repeat(0, {python(1ms)})}), python(1ms)});
  const Timings timings = run_world(world);
  EXPECT_EQ(timings.makespan, sim::Duration{1ms});
  EXPECT_LT(timings.events, 20U);
  world.main = numbered({repeat(3, {repeat(0, {native(9ms)}), python(1ms)})});
  EXPECT_EQ(run_world(world).makespan, sim::Duration{3ms}) << "what is beside it still runs";
}

TEST(World, equal_seeds_give_equal_digests_and_others_do_not) {
  WorldSpec world = linux_world(2);
  add_task(
      world, "page",
      {io(1ms), {.what = PythonStep{{.kind = DistributionKind::exponential, .first_ns = 3e5}}}});
  add_executor(world, ExecutorKind::threads, 4);
  world.main = numbered({map_items(50)});
  const Timings one = run_world(world, 1);
  EXPECT_EQ(one.digest, run_world(world, 1).digest);
  EXPECT_NE(one.digest, run_world(world, 2).digest);
  EXPECT_EQ(metric(one, "tasks_done"), 50.0);
}

TEST(World, two_designs_see_the_same_work) {
  std::map<std::uint64_t, std::map<ExecutorKind, std::int64_t>> durations;
  const std::vector kinds{ExecutorKind::serial, ExecutorKind::threads,
                          ExecutorKind::thread_per_task, ExecutorKind::process_per_task};
  for (const ExecutorKind kind : kinds) {
    WorldSpec world = ideal_world(64);
    world.runtime.gil.enabled = false;
    add_task(world, "page",
             {{.what = NativeStep{
                   {.kind = DistributionKind::lognormal, .first_ns = 4e7, .second = 0.6}}}});
    add_executor(world, kind, 40);
    world.main = numbered({map_items(30), map_items(10)});
    WorldOptions options;
    options.keep_tasks = true;
    for (const TaskTiming& task : run_world(world, 3, options).tasks) {
      durations[task.item][kind] = (task.finished - task.started).count();
    }
  }
  EXPECT_EQ(durations.size(), 40U);
  for (const auto& [item, by_kind] : durations) {
    ASSERT_EQ(by_kind.size(), kinds.size());
    for (const auto& [kind, duration] : by_kind) {
      EXPECT_EQ(duration, by_kind.at(ExecutorKind::serial)) << "item " << item;
    }
  }
}

TEST(World, two_threads_that_take_two_locks_in_opposite_order_are_a_deadlock_with_names) {
  WorldSpec world = ideal_world(2);
  world.locks = {{.name = "a"}, {.name = "b"}};
  add_task(world, "ab", {with_lock(0, {sleep_for(1ms), with_lock(1, {python(1ms)})})});
  add_task(world, "ba", {with_lock(1, {sleep_for(1ms), with_lock(0, {python(1ms)})})});
  add_executor(world, ExecutorKind::thread_per_task);
  world.futures = {"f"};
  world.main = numbered({submit(1, 0), submit(1, 1), join()});
  const Timings timings = simulate_world(world, 1, {});
  EXPECT_EQ(timings.status, RunStatus::deadlock);
  EXPECT_THAT(timings.error, HasSubstr("main waits for"));
  EXPECT_THAT(timings.error, HasSubstr("pool0-0 waits for lock 'b' held by pool0-1"));
  EXPECT_THAT(timings.error, HasSubstr("pool0-1 waits for lock 'a' held by pool0-0"));
}

TEST(World, a_lock_taken_twice_by_one_thread_is_a_deadlock) {
  WorldSpec world = ideal_world(1);
  world.locks = {{.name = "a"}};
  world.main = numbered({with_lock(0, {with_lock(0, {python(1ms)})})});
  const Timings timings = simulate_world(world, 1, {});
  EXPECT_EQ(timings.status, RunStatus::deadlock);
  EXPECT_THAT(timings.error, HasSubstr("main waits for lock 'a' held by main"));
}

TEST(World, a_pool_whose_tasks_wait_for_the_same_pool_is_a_deadlock) {
  WorldSpec world = ideal_world(4);
  add_task(world, "inner", {python(1ms)});
  add_task(world, "outer", {sleep_for(1ms), map_items(1, 0)});
  add_executor(world, ExecutorKind::threads, 2);
  world.main = numbered({map_items(2, 1)});
  EXPECT_EQ(simulate_world(world, 1, {}).status, RunStatus::deadlock);
}

TEST(World, nested_work_is_done_when_there_are_workers_left) {
  WorldSpec world = ideal_world(4);
  add_task(world, "inner", {python(1ms)});
  add_task(world, "outer", {map_items(3, 0)});
  add_executor(world, ExecutorKind::threads, 4);
  world.main = numbered({map_items(2, 1)});
  EXPECT_EQ(metric(run_world(world), "tasks_done"), 8.0);
}

TEST(World, a_limit_on_simulated_time_is_a_timeout) {
  WorldSpec world = ideal_world(1);
  world.main = numbered({python(10s)});
  WorldOptions options;
  options.limits.time = sim::Instant{1s};
  const Timings timings = simulate_world(world, 1, options);
  EXPECT_EQ(timings.status, RunStatus::timeout);
  EXPECT_THAT(timings.error, HasSubstr("limit"));
}

TEST(World, background_programs_take_their_share_and_nobody_waits_for_them) {
  WorldSpec world = linux_world(1);
  add_task(world, "burner", {native(1ms)});
  world.main = numbered({native(200ms)});
  const double alone = in_ms(run_world(world).makespan);
  world.background.push_back({.task = TaskIndex{0}});
  const double shared = in_ms(run_world(world).makespan);
  EXPECT_NEAR(shared, 2.0 * alone, 0.1 * alone);
}

TEST(World, an_empty_background_program_does_not_stop_the_clock) {
  WorldSpec world = linux_world(2);
  add_task(world, "nothing", {});
  world.main = numbered({native(2ms)});
  world.background.push_back({.task = TaskIndex{0}});
  EXPECT_GE(run_world(world).makespan, sim::Duration{2ms});
}

TEST(World, main_that_a_background_program_starves_for_ever_is_told_who_keeps_the_cpu) {
  for (const std::uint32_t cores : {1U, 2U}) {
    WorldSpec world = ideal_world(cores);
    add_task(world, "burner", {python(1ms)});
    world.main = numbered({sleep_for(5ms), native(1ms)});
    world.background.push_back({.task = TaskIndex{0}, .threads = cores});
    world.runtime.gil.enabled = false;
    WorldOptions options;
    options.limits.events_without_progress = 10'000;
    const Timings starved = simulate_world(world, 1, options);
    EXPECT_EQ(starved.status, RunStatus::timeout) << "nobody waits for anybody";
    EXPECT_THAT(starved.error, HasSubstr("starvation: main is ready but gets no CPU: policy fifo "
                                         "never takes one from background-0-0"));
    options.limits.events = 5'000;
    EXPECT_THAT(simulate_world(world, 1, options).error, HasSubstr("a limit was met before main "
                                                                   "ended: starvation: main"));
    world.os.policy.kind = PolicyKind::round_robin;
    EXPECT_GE(run_world(world).makespan, sim::Duration{6ms}) << "with slices it goes on";
  }
}

/// Main takes its only lock twice, beside a program that works in small steps for ever.
WorldSpec stuck_beside_background() {
  WorldSpec world = linux_world(2);
  add_task(world, "busy", {native(5us), io(5us)});
  world.locks.push_back({.name = "one"});
  world.main = numbered({with_lock(0, {with_lock(0, {native(1ms)})})});
  world.background.push_back({.task = TaskIndex{0}, .threads = 2});
  return world;
}

TEST(World, a_deadlock_of_main_beside_a_background_program_is_found) {
  WorldOptions options;
  options.limits.events = 400'000;  // the watchdog acts well before
  options.limits.events_without_progress = 100'000;
  const Timings timings = simulate_world(stuck_beside_background(), 1, options);
  EXPECT_EQ(timings.status, RunStatus::deadlock) << timings.error;
  EXPECT_THAT(timings.error, HasSubstr("main waits for lock 'one'"));
}

TEST(World, main_that_sleeps_or_computes_for_long_beside_a_background_program_is_not_stuck) {
  for (const Step& step : {sleep_for(200ms), io(200ms), native(200ms)}) {
    WorldSpec world = stuck_beside_background();
    world.main = numbered({step});
    WorldOptions options;
    options.limits.events_without_progress = 500;
    const Timings timings = run_world(world, 1, options);
    EXPECT_GE(timings.makespan, sim::Duration{200ms});
    EXPECT_GT(timings.events, 5'000U) << "the watchdog looked several times";
  }
}

TEST(World, main_may_wait_long_for_a_lock_that_a_background_program_holds_asleep) {
  WorldSpec world = stuck_beside_background();
  world.locks.front().scope = LockScope::process;
  add_task(world, "keeper", {with_lock(0, {sleep_for(200ms)}), sleep_for(200ms)});
  world.background.push_back({.task = TaskIndex{1}});
  world.main = numbered({sleep_for(1ms), with_lock(0, {native(1ms)})});
  WorldOptions options;
  options.limits.events_without_progress = 500;
  EXPECT_GE(run_world(world, 1, options).makespan, sim::Duration{198ms});
}

TEST(World, loops_that_never_let_the_clock_go_on_are_no_deadlock) {
  WorldOptions options;
  options.limits.events_without_progress = 10'000;
  for (const Step& step : {sleep_for(0ms), Step{.what = YieldStep{}}}) {
    WorldSpec world = ideal_world(1);
    add_task(world, "turn", {repeat(20'000, {step})});
    add_executor(world, ExecutorKind::threads, 2);
    world.main = numbered({native(1ms), map_items(2)});
    const Timings timings = simulate_world(world, 1, options);
    EXPECT_EQ(timings.status, RunStatus::ok) << timings.error;
  }
}

TEST(World, the_limit_of_events_counts_over_all_looks_of_the_watchdog) {
  WorldSpec world = stuck_beside_background();
  world.main = numbered({sleep_for(10s)});
  WorldOptions options;
  options.limits.events = 20'000;
  options.limits.events_without_progress = 500;
  const Timings timings = simulate_world(world, 1, options);
  EXPECT_EQ(timings.status, RunStatus::timeout) << timings.error;
  EXPECT_EQ(timings.events, 20'000U);
}

WorldSpec smt_world(std::uint32_t cores, std::uint32_t siblings) {
  WorldSpec world = linux_world(1);
  RegularMachine shape;
  shape.core_kinds.front().count = cores;
  shape.core_kinds.front().smt = siblings;
  world.machine = build_regular(shape).value();
  add_task(world, "work", {native(20ms)});
  add_executor(world, ExecutorKind::thread_per_task);
  return world;
}

TEST(World, the_states_of_busy_time_sum_to_one_with_siblings_and_queues) {
  for (const QueueScope scope : {QueueScope::per_cpu, QueueScope::shared}) {
    WorldSpec world = smt_world(1, 2);
    world.os.policy.scope = scope;
    world.main = numbered({native(20ms), map_items(1), map_items(2), map_items(5)});
    const Timings timings = run_world(world);
    const double parallel = metric(timings, "state_parallel");
    const double smt = metric(timings, "state_smt");
    const double shared = metric(timings, "state_timeshared");
    EXPECT_NEAR(parallel + smt + shared, 1.0, 1e-9);
    EXPECT_GT(parallel, 0.1) << "main and the first item run alone";
    EXPECT_GT(smt, 0.05) << "two items have a CPU each";
    EXPECT_GT(shared, 0.3) << "five items on two CPUs";
  }
}

TEST(World, the_timeline_of_cpu_states_adds_up_to_the_metrics) {
  for (const QueueScope scope : {QueueScope::per_cpu, QueueScope::shared}) {
    WorldSpec world = smt_world(1, 2);
    world.os.policy.scope = scope;
    world.main = numbered({native(20ms), map_items(1), map_items(2), map_items(5)});
    WorldOptions options;
    options.keep_slices = true;
    const Timings timings = run_world(world, 1, options);
    std::array<double, 3> spent{};
    double all = 0.0;
    for (const CpuStateTiming& stretch : timings.cpu_states) {
      // Metrics begin at main's first step and end with its last.
      const sim::Instant begin = std::max(stretch.start, sim::Instant{});
      const sim::Instant end = std::min(stretch.end, sim::Instant{timings.makespan});
      const double length = std::max(sim::as_ns(end - begin), 0.0);
      spent[static_cast<std::size_t>(stretch.state)] += length;
      all += length;
    }
    ASSERT_GT(all, 0.0);
    EXPECT_NEAR(spent[0] / all, metric(timings, "state_parallel"), 1e-3);
    EXPECT_NEAR(spent[1] / all, metric(timings, "state_smt"), 1e-3);
    EXPECT_NEAR(spent[2] / all, metric(timings, "state_timeshared"), 1e-3);
    EXPECT_EQ(timings.digest, run_world(world).digest) << "looking changes nothing";
  }
}

TEST(World, a_core_of_four_siblings_is_busy_while_any_of_them_is) {
  WorldSpec world = smt_world(1, 4);
  world.main = numbered({map_items(4)});
  const double work = in_ms(run_world(world).makespan);
  world.main =
      numbered({map_items(4), io(std::chrono::microseconds{static_cast<int>(work * 1e3)})});
  EXPECT_NEAR(metric(run_world(world), "core_busy", "0"), 0.5, 0.03);
}

TEST(World, says_what_each_thread_did_when) {
  WorldSpec world = ideal_world(1);
  add_task(world, "work", {python(2ms)});
  add_executor(world, ExecutorKind::thread_per_task);
  world.main = numbered({map_items(2), io(3ms)});
  WorldOptions options;
  options.keep_slices = true;
  const Timings timings = run_world(world, 1, options);
  sim::Duration ran{};
  bool waited_for_device = false;
  for (const SliceTiming& slice : timings.slices) {
    EXPECT_LT(slice.start, slice.end);
    ran += slice.state == SliceState::running ? slice.end - slice.start : sim::Duration{};
    waited_for_device = waited_for_device || (slice.thread == "main" && slice.cpu == -1 &&
                                              slice.state == SliceState::blocked &&
                                              slice.end - slice.start == sim::Duration{3ms});
  }
  EXPECT_EQ(ran, sim::Duration{4ms});
  EXPECT_TRUE(waited_for_device);
}

TEST(World, more_workers_than_cores_are_bounded_by_the_work) {
  WorldSpec world = cpp_world(4);
  add_task(world, "work", {native(1ms)});
  add_executor(world, ExecutorKind::cpp_threads, 16);
  world.main = numbered({map_items(400)});
  EXPECT_EQ(run_world(world).makespan, sim::Duration{100ms});
}

TEST(World, executors_that_are_created_at_the_start_are_not_part_of_the_makespan) {
  WorldSpec world = linux_world(2);
  add_task(world, "work", {python(1ms)});
  add_executor(world, ExecutorKind::processes, 2);
  world.main = numbered({map_items(2)});
  const Timings first_use = run_world(world);
  world.executors[0].create = ExecutorSpec::Create::start;
  const Timings at_start = run_world(world);
  EXPECT_LT(at_start.makespan + sim::Duration{1ms}, first_use.makespan);
  EXPECT_GT(metric(at_start, "startup", "pool0"), 1e6);
}

TEST(World, effects_can_be_switched_off_one_by_one) {
  WorldSpec world = linux_world(2);
  add_task(world, "work", {python(5ms)});
  add_executor(world, ExecutorKind::threads, 2);
  world.main = numbered({map_items(20)});
  const sim::Duration all = run_world(world).makespan;
  const sim::Duration no_gil = run_world(without(world, Effect::gil)).makespan;
  EXPECT_LT(in_ms(no_gil), 0.55 * in_ms(all));
  for (const Effect effect : {Effect::start_cost, Effect::ipc_cost, Effect::switch_cost}) {
    EXPECT_LT(run_world(without(world, effect)).makespan, all);
  }
}

}  // namespace
}  // namespace timeslice::models
