#include "models/python/code_caches.hpp"

#include <gtest/gtest.h>

#include "tests/models/world_fixture.hpp"

namespace timeslice::models {
namespace {

using namespace std::chrono_literals;
using namespace testing;

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
