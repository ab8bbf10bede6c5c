// The watchdog counts work as progress, not events: threads that turn in circles are found.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/models/world_fixture.hpp"

namespace timeslice::models {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// A pool of many short messages where all wake-ups take the same time and nothing ends a spin: its
/// worker handler and its result handler hand the GIL to and fro for ever with some seeds.
WorldSpec pools_in_step() {
  WorldSpec world = linux_world(2);
  add_task(world, "item", {python(100us)});
  add_executor(world, ExecutorKind::processes, 2).chunksize = 1;
  world.main = numbered({map_items(1000)});
  world.machine.costs.wake_idle_cpu_jitter = {};
  world.runtime.pool.longest_spin = 1h;
  return world;
}

TEST(Livelock, of_a_pool_s_own_threads_is_found_although_one_of_them_always_runs) {
  WorldOptions options;
  options.limits.events_without_progress = 50'000;
  options.limits.events = 3'000'000;
  std::uint64_t found = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Timings timings = simulate_world(pools_in_step(), seed, options);
    EXPECT_NE(timings.status, RunStatus::timeout) << "seed " << seed << " turned in circles";
    if (timings.status == RunStatus::deadlock) {
      ++found;
      EXPECT_THAT(timings.error, HasSubstr("no progress although something happens"));
      EXPECT_LT(timings.events, 500'000U);
    }
  }
  EXPECT_GT(found, 0U) << "some seed shows two threads that hand the GIL to and fro for ever";
}

}  // namespace
}  // namespace timeslice::models
