// What threads, CPUs and GILs did belongs to the span of the makespan.
#include "models/world_accounts.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include "tests/dice.hpp"
#include "tests/models/world_fixture.hpp"
#include "tests/random_cases.hpp"

namespace timeslice::models {
namespace {

using namespace std::chrono_literals;
using cases::Dice;

/// Small numbers out of a seed.
/// A pool of processes, a CPU for each of its threads, and work that is shorter than its start.
WorldSpec pool_world(ExecutorSpec::Create create) {
  WorldSpec world = linux_world(8);
  add_task(world, "work", {python(1ms)});
  ExecutorSpec& pool = add_executor(world, ExecutorKind::processes, 2);
  pool.start = StartMethod::spawn;
  pool.create = create;
  world.main = numbered({python(2ms), map_items(4)});
  return world;
}

TEST(WorldAccounts, leave_out_what_was_done_before_mains_first_step) {
  const Timings first_use = run_world(pool_world(ExecutorSpec::Create::first_use));
  const Timings start = run_world(pool_world(ExecutorSpec::Create::start));
  const double startup = metric(start, "startup", "pool0");
  const double makespan = metric(start, "makespan");
  ASSERT_GT(startup, 1e6);
  EXPECT_NEAR(metric(first_use, "gil_held", "main") - metric(start, "gil_held", "main"), startup,
              0.4 * startup)
      << "main makes the pool with its GIL held";
  EXPECT_LT(metric(start, "gil_held", "main"), makespan);
  EXPECT_LT(metric(start, "cpu_time", "main"), makespan);
  EXPECT_LT(metric(start, "cpu_time"), metric(first_use, "cpu_time") - 0.5 * startup);
  EXPECT_LT(metric(start, "switches_voluntary"), metric(first_use, "switches_voluntary"));
}

TEST(WorldAccounts, a_background_program_counts_from_mains_first_step_on) {
  WorldSpec world = pool_world(ExecutorSpec::Create::start);
  world.machine = ideal_machine(8);
  add_task(world, "burn", {native(10ms)});
  world.background.push_back({.task = TaskIndex{1}, .threads = 1});
  world.os.groups.push_back({.name = "others"});
  world.background.back().group = GroupId{1};
  const Timings timings = run_world(world);
  EXPECT_NEAR(metric(timings, "group_cpu_time", "others"), metric(timings, "makespan"), 1e4);
}

/// Any executor that lasts, made at the start, beside a background program or none.
WorldSpec random_world(Dice& dice) {
  constexpr std::array kinds{ExecutorKind::threads, ExecutorKind::processes,
                             ExecutorKind::process_executor};
  constexpr std::array methods{StartMethod::fork, StartMethod::spawn, StartMethod::forkserver};
  WorldSpec world = linux_world(1 + dice.roll(4));
  world.runtime.gil.enabled = dice.roll(4) != 0;
  world.runtime.gil.free_threaded_build = !world.runtime.gil.enabled;
  world.runtime.version.minor = world.runtime.gil.enabled ? 11 : 13;
  add_task(world, "work", {python(1us * (1 + dice.roll(2000))), native(1us * dice.roll(2000))});
  add_task(world, "burn", {python(1ms), io(1ms * dice.roll(3))});
  for (std::uint32_t pools = 1 + dice.roll(2); pools > 0; --pools) {
    ExecutorSpec& pool = add_executor(world, kinds[dice.roll(kinds.size())], 1 + dice.roll(4));
    pool.start = methods[dice.roll(methods.size())];
    pool.create = ExecutorSpec::Create::start;
  }
  if (dice.roll(2) == 0) {
    world.background.push_back({.task = TaskIndex{1}, .threads = 1 + dice.roll(2)});
  }
  world.main = numbered({python(1us * dice.roll(3000)), map_items(1 + dice.roll(12))});
  return world;
}

/// No share of the makespan exceeds one.
void expect_shares(const WorldSpec& world, const Timings& timings) {
  const double makespan = metric(timings, "makespan");
  const auto cpus = static_cast<double>(world.machine.cpus.size());
  for (const Metric& one : timings.metrics) {
    const bool of_thread = (one.name == "cpu_time" || one.name == "gil_held") && one.entity != "";
    if (of_thread) {
      EXPECT_LE(one.value, makespan + 1.0) << one.name << " of " << one.entity;
    }
    if (one.unit == "1") {
      EXPECT_LE(one.value, 1.0 + 1e-9) << one.name << " of " << one.entity;
    }
    if (one.unit == "ns" || one.unit == "1" || one.unit == "count") {
      EXPECT_GE(one.value, 0.0) << one.name << " of " << one.entity;
    }
  }
  const double busy = metric(timings, "cpu_utilization") * cpus * makespan;
  EXPECT_LE(metric(timings, "cpu_time"), busy + 10.0) << "threads run on CPUs";
  EXPECT_LE(busy, cpus * makespan + 10.0);
  const bool one_interpreter = std::ranges::all_of(
      world.executors, [](const ExecutorSpec& pool) { return pool.kind == ExecutorKind::threads; });
  if (one_interpreter && world.runtime.gil.enabled) {
    EXPECT_LE(metric(timings, "gil_held"), makespan + 1.0) << "one GIL, one holder at a time";
  }
}

TEST(WorldAccounts, no_share_exceeds_one_in_random_worlds_with_executors_made_at_the_start) {
  const std::uint64_t cases = timeslice::cases::random_cases(200);
  for (std::uint64_t seed = 1; seed <= cases; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Dice dice{seed, 99};
    const WorldSpec world = random_world(dice);
    expect_shares(world, run_world(world, seed));
  }
}

}  // namespace
}  // namespace timeslice::models
