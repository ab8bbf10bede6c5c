#include "models/python/code_caches.hpp"

#include <gtest/gtest.h>

#include "tests/models/world_fixture.hpp"

namespace timeslice::models {
namespace {

using namespace std::chrono_literals;

constexpr ColdCode cold{.factor = 10.0, .resume = {}, .after = 4ms};

TEST(CodeCaches, lose_code_in_proportion_to_the_time_away) {
  CodeCaches caches;
  const auto taken = [&](sim::Duration at) {
    return caches.run(cold, CpuId{0}, Code::submit, 1us, sim::Instant{at});
  };
  EXPECT_EQ(taken(1ms), 11us) << "never ran here";
  EXPECT_EQ(taken(1ms), 1us);
  EXPECT_EQ(taken(2ms), 3'500ns) << "a quarter is gone";
  EXPECT_EQ(taken(6ms), 11us);
  EXPECT_EQ(taken(60ms), 11us) << "more than all cannot go";
}

TEST(CodeCaches, lose_a_share_at_once_where_the_cpu_was_idle) {
  constexpr ColdCode idling{.factor = 10.0, .resume = {}, .after = 4ms, .idle = 0.1};
  CodeCaches caches;
  const auto taken = [&](sim::Duration at, sim::Duration left_idle) {
    return caches.run(idling, CpuId{0}, Code::submit, 1us, sim::Instant{at},
                      sim::Instant{left_idle});
  };
  static_cast<void>(taken(1ms, 0ms));
  EXPECT_EQ(taken(2ms, 1ms), 3'500ns) << "idle before it ran, not since";
  EXPECT_EQ(taken(3ms, 2'500us), 4'500ns);
  EXPECT_EQ(taken(60ms, 59ms), 11us) << "more than all cannot go";
}

TEST(CodeCaches, are_each_cpus_own_and_each_stretch_of_code_has_its_place) {
  CodeCaches caches;
  const auto taken = [&](CpuId cpu, Code code) {
    return caches.run(cold, cpu, code, 1us, sim::Instant{1ms});
  };
  EXPECT_EQ(taken(CpuId{3}, Code::submit), 11us);
  EXPECT_EQ(taken(CpuId{3}, Code::submit), 1us);
  EXPECT_EQ(taken(CpuId{3}, Code::chunk_get), 11us);
  EXPECT_EQ(taken(CpuId{0}, Code::submit), 11us);
}

/// CPU time beyond the work itself of `items` of `each` in a thread pool with one worker.
sim::Duration overhead(const ColdCode& caches, sim::Duration each) {
  WorldSpec world = linux_world(1);
  world.machine.cold_code = caches;
  add_task(world, "work", {python(each)});
  add_executor(world, ExecutorKind::threads, 1);
  world.main = numbered({map_items(10)});
  return run_world(world).makespan - 10 * each;
}

TEST(ColdCode, makes_a_pool_of_long_items_cost_more_an_item_than_one_of_short_ones) {
  const sim::Duration warm = overhead({}, 10ms);
  EXPECT_LT(overhead(cold, 100us), warm + 10 * 30us);
  EXPECT_GT(overhead(cold, 10ms), warm + 10 * 15us);
}

TEST(ColdCode, costs_more_behind_an_idle_cpu_than_behind_work) {
  const auto added = [](Step step) {
    const auto cpu_time = [&step](double idle) {
      WorldSpec world = linux_world(1);
      world.machine.cold_code = {.factor = 10.0, .resume = {}, .after = 1h, .idle = idle};
      add_task(world, "work", {step});
      add_executor(world, ExecutorKind::threads, 1);
      world.main = numbered({map_items(100)});
      return metric(run_world(world), "cpu_time", "pool0-0");
    };
    return cpu_time(0.5) - cpu_time(0.0);
  };
  EXPECT_GT(added(sleep_for(1ms)), 100 * 5e3) << "five times its 2.1 us an item, in part";
  EXPECT_LT(added(python(1ms)), 100 * 1e3);
}

/// CPU time of `who` that coldness adds to 20 items of 10 ms one after the other.
sim::Duration added(ExecutorKind kind, const std::string& who) {
  WorldSpec world = linux_world(4);
  world.machine.costs.tick_cost = 0ns;  // these depend on when threads meet
  world.machine.costs.context_switch = 0ns;
  world.machine.costs.wake_syscall = 0ns;
  add_task(world, "work", {python(10ms)});
  add_executor(world, kind, 1);
  Step map = map_items(20);
  std::get<MapStep>(map.what).chunksize = 1;
  world.main = numbered({map});
  const double warm = metric(run_world(world), "cpu_time", who);
  world.machine.cold_code = cold;
  return sim::Duration{static_cast<std::int64_t>(metric(run_world(world), "cpu_time", who) - warm)};
}

/// Each of 20 times; another time, at most, for what ends the program.
void expect_twenty_times(ExecutorKind kind, const std::string& who, sim::Duration parts) {
  const sim::Duration once = 10 * parts;  // the factor
  EXPECT_GE(added(kind, who), 20 * once) << who;
  EXPECT_LE(added(kind, who), 22 * once) << who;
}

TEST(ColdCode, is_paid_by_each_part_that_a_worker_runs_an_item) {
  const PythonCosts costs;
  expect_twenty_times(ExecutorKind::threads, "pool0-0", costs.thread_item);
  expect_twenty_times(ExecutorKind::processes, "pool0-0",
                      costs.pool_get + costs.item + costs.pool_result);
  expect_twenty_times(ExecutorKind::process_executor, "pool0-0",
                      costs.executor.get + costs.item + costs.executor.put);
}

TEST(ColdCode, is_paid_by_a_handler_that_hears_of_an_item_every_10_ms) {
  const PythonCosts costs;
  expect_twenty_times(ExecutorKind::processes, "pool0-results",
                      costs.pool_store + costs.pool_store_item);
}

TEST(Sleep, has_its_end_before_the_timer_is_set) {
  WorldSpec world = linux_world(1);
  world.main = numbered({repeat(10, {sleep_for(1ms)})});
  const Timings before = run_world(world);
  world.machine.costs.timer_set = 12us;
  const Timings after = run_world(world);
  constexpr double ticks_ns = 100.0;  // of the ticks' cost, which falls on other moments
  EXPECT_NEAR(in_ms(after.makespan), in_ms(before.makespan), ticks_ns / 1e6);
  EXPECT_NEAR(metric(after, "cpu_time"), metric(before, "cpu_time") + 10 * 9000.0, ticks_ns)
      << "a tick comes first in a quarter of the cases";
}

TEST(ColdCode, changes_nothing_without_python) {
  WorldSpec world = linux_world(2);
  world.runtime.language = Language::none;
  add_task(world, "work", {native(1ms)});
  add_executor(world, ExecutorKind::cpp_threads, 2);
  world.main = numbered({map_items(20)});
  const sim::Duration before = run_world(world).makespan;
  world.machine.cold_code = cold;
  EXPECT_EQ(run_world(world).makespan, before);
}

}  // namespace
}  // namespace timeslice::models
