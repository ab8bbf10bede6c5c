// Executors that tasks use by themselves: several at once, and while main shuts them down.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/models/world_fixture.hpp"

namespace timeslice::models {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// Main submits `parents` to a first executor and ends; each hands `leaves` to the second one.
WorldSpec left_behind(ExecutorKind first, ExecutorKind second, Step hand_over) {
  WorldSpec world = linux_world(8);
  world.runtime.version = {.major = 3, .minor = 14};
  world.futures = {"main's", "the task's"};
  add_task(world, "leaf", {sleep_for(2ms)});
  add_task(world, "parent", {sleep_for(30ms), std::move(hand_over)});
  add_executor(world, first, first == ExecutorKind::threads ? 4 : 0);
  if (first != second) {
    add_executor(world, second, second == ExecutorKind::threads ? 4 : 0);
  }
  world.main = numbered({submit(3, 1, 0, 0)});
  return world;
}

TEST(NestedUse, threads_and_processes_that_are_started_during_shutdown_are_waited_for) {
  constexpr std::uint64_t leaves = 40;
  for (const ExecutorKind bare : {ExecutorKind::thread_per_task, ExecutorKind::process_per_task}) {
    const Timings timings =
        run_world(left_behind(ExecutorKind::thread_per_task, bare,
                              submit(leaves, 0, bare == ExecutorKind::thread_per_task ? 0 : 1, 1)));
    EXPECT_EQ(metric(timings, "tasks_done"), 3.0 + 3.0 * leaves);
    EXPECT_GE(timings.makespan, 32ms);
  }
}

TEST(NestedUse, an_executor_whose_shutdown_is_over_can_start_threads_again) {
  WorldSpec world =
      left_behind(ExecutorKind::threads, ExecutorKind::thread_per_task, submit(5, 0, 1, 1));
  world.main = numbered({map_items(1, 0, 1), submit(3, 1, 0, 0)});
  const Timings timings = run_world(world);
  EXPECT_EQ(metric(timings, "tasks_done"), 1.0 + 3.0 + 15.0);
}

TEST(NestedUse, a_pool_takes_nothing_after_its_shutdown_began) {
  for (const ExecutorKind pool : {ExecutorKind::threads, ExecutorKind::processes,
                                  ExecutorKind::process_executor, ExecutorKind::interpreters}) {
    WorldSpec world = left_behind(ExecutorKind::thread_per_task, pool, map_items(2, 0, 1));
    world.main = numbered({map_items(1, 0, 1), submit(1, 1, 0, 0), submit(1, 0, 1, 1)});
    ASSERT_TRUE(check_world(world).empty());
    const Timings timings = simulate_world(world, 1, {});
    EXPECT_EQ(timings.status, RunStatus::failed);
    EXPECT_THAT(timings.error, HasSubstr("executor 'pool1' is handed work after its shutdown"));
  }
}

TEST(NestedUse, who_maps_onto_processes_waits_for_its_own_ones) {
  WorldSpec world = ideal_world(8);
  world.runtime.gil.enabled = false;
  world.machine.costs.fork = 1ms;
  add_task(world, "leaf", {sleep_for(100ms)});
  add_task(world, "crowd", {map_items(20, 0, 1)});
  add_executor(world, ExecutorKind::threads, 3);
  add_executor(world, ExecutorKind::process_per_task);
  world.main = numbered({map_items(3, 1, 0)});
  const Timings timings = run_world(world);
  EXPECT_GE(metric(timings, "task_latency_p50", "crowd"), 119e6)
      << "twenty processes are forked one after the other, and then the last one sleeps";
}

TEST(NestedUse, a_task_that_never_runs_may_touch_nothing) {
  WorldSpec world = linux_world(2);
  world.machine.caches = {{.level = 3, .size = Bytes{1 << 20}, .cores = {CoreId{0}, CoreId{1}}}};
  world.characters = {{}, {.pattern = Pattern::random, .where = Where::l3, .set = Bytes{0}}};
  world.characters.push_back({.pattern = Pattern::random, .set = Bytes{4096}});
  add_task(world, "used", {{.what = MemoryStep{.units = 10.0, .character = 2}}});
  add_task(world, "unused", {{.what = MemoryStep{.units = 0.0, .character = 1}}});
  world.main = numbered({call(0)});
  EXPECT_GT(run_world(world).makespan, 0ns);
}

}  // namespace
}  // namespace timeslice::models
