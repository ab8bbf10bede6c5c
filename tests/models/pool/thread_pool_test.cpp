// ThreadPoolExecutor's growth: the same on every version that has idle tokens.
#include <gtest/gtest.h>

#include "models/pool/executor.hpp"
#include "tests/models/world_fixture.hpp"

namespace timeslice::models {
namespace {

using namespace std::chrono_literals;

/// Time of six naps of 200 ms in a pool of six that has done `before` quick items.
double six_naps_after(std::uint64_t before, int minor) {
  WorldSpec world = linux_world(4);
  world.runtime.version = {.major = 3, .minor = minor};
  add_task(world, "quick", {sleep_for(0ms)});
  add_task(world, "nap", {sleep_for(200ms)});
  add_executor(world, ExecutorKind::threads, 6);
  world.main = numbered({map_items(before, 0), sleep_for(50ms), map_items(6, 1)});
  return in_ms(run_world(world).makespan) - 50.0;
}

TEST(ThreadPoolGrowth, is_not_stopped_by_tokens_of_earlier_items) {
  for (const int minor : {8, 11, 12, 13}) {
    for (const std::uint64_t before : {0U, 1U, 4U, 12U}) {
      EXPECT_NEAR(six_naps_after(before, minor), 201.0, 3.0) << before << " on 3." << minor;
    }
  }
}

TEST(ThreadPoolGrowth, by_default_ends_at_a_number_that_depends_on_the_version) {
  WorldSpec world = linux_world(4);
  const ExecutorSpec& pool = add_executor(world, ExecutorKind::threads);
  EXPECT_EQ(resolve_workers(pool, world), 8U);
  world.runtime.version.minor = 7;
  EXPECT_EQ(resolve_workers(pool, world), 20U);
  world.machine = linux_world(64).machine;
  EXPECT_EQ(resolve_workers(pool, world), 320U);
  world.runtime.version.minor = 8;
  EXPECT_EQ(resolve_workers(pool, world), 32U);
}

TEST(Daemons, are_not_waited_for_when_main_ends) {
  WorldSpec world = linux_world(2);
  add_task(world, "watch", {sleep_for(1000ms)});
  add_executor(world, ExecutorKind::thread_per_task).daemon = true;
  world.futures = {"f"};
  world.main = numbered({submit(3), sleep_for(10ms)});
  const Timings timings = run_world(world);
  EXPECT_LT(in_ms(timings.makespan), 12.0);
  EXPECT_EQ(metric(timings, "tasks_done"), 0.0);
  world.executors[0].daemon = false;
  EXPECT_GT(in_ms(run_world(world).makespan), 1000.0);
}

}  // namespace
}  // namespace timeslice::models
