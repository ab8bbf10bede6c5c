#include "validation/ablation.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "tests/validation/small_world.hpp"
#include "validation/condense.hpp"
#include "validation/native/native_run.hpp"

namespace timeslice::validation {
namespace {

using namespace std::chrono_literals;

TEST(Ablation, each_world_lacks_its_own_effect_and_keeps_the_others) {
  models::WorldSpec world = mapped({python(1ms)}, 4, models::ExecutorKind::processes, 2);
  world.os.balance.kind = models::BalanceKind::linux_domains;
  world.machine.costs.fork = 1ms;
  world.machine.costs.idle_exit = 6us;
  world.machine.costs.wake_by_timer = 15us;
  world.machine.cold_code = {.factor = 14.0, .resume = 20us, .after = 4ms};
  const models::OsCosts costs = world.machine.costs;
  world.machine.speed_over_time = {{{.from = {}, .factor = 0.5}}, {}};
  std::set<std::string_view> names;
  for (const AblatedWorld& one : ablated(world)) {
    names.insert(one.effect);
    EXPECT_EQ(one.world.runtime.gil.enabled, one.effect != "gil") << one.effect;
    EXPECT_EQ(one.world.machine.costs.fork == 0ns, one.effect == "start") << one.effect;
    EXPECT_EQ(one.world.machine.speed_over_time.empty(), one.effect == "rest") << one.effect;
    EXPECT_EQ(one.world.os.balance.kind == models::BalanceKind::work_conserving,
              one.effect == "balance")
        << one.effect;
  }
  EXPECT_EQ(names.size(), 9U);
  const std::vector<AblatedWorld> worlds = ablated(world);
  const auto without = [&](std::string_view effect) {
    return std::ranges::find(worlds, effect, &AblatedWorld::effect)->world.machine;
  };
  EXPECT_EQ(without("cold").cold_code.factor, 0.0);
  EXPECT_EQ(without("cold").cold_code.resume, 20us);
  EXPECT_EQ(without("guest").cold_code.resume, 0us);
  EXPECT_EQ(without("guest").costs.wake_by_timer, 15us + 6us + costs.context_switch + 10us)
      << "what nobody pays is latency again";
  EXPECT_EQ(without("guest").costs.wake_idle_cpu,
            costs.wake_idle_cpu + 6us + costs.context_switch + 10us)
      << "the woken thread is as late as before";
}

TEST(Ablation, the_error_is_the_median_and_a_run_that_fails_without_the_effect_leaves_none) {
  constexpr std::array<std::string_view, 2> effects{"gil", "ipc"};
  const std::array<AblatedRun, 3> runs{{{.measured = 100.0, .predicted = {50.0, 90.0}},
                                        {.measured = 200.0, .predicted = {120.0, 0.0}},
                                        {.measured = 100.0, .predicted = {70.0, 95.0}}}};
  const auto rows = ablation_of(effects, runs);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_NEAR(*rows[0].error, -0.4, 1e-12);
  EXPECT_FALSE(rows[1].error.has_value());
}

TEST(Condense, a_slice_counts_its_own_points_alone) {
  Validation whole;
  for (int i = 0; i < 3; ++i) {
    PointValidation point;
    point.group = i == 2 ? "asyncio" : "serial";
    point.comparisons.push_back({.name = "makespan",
                                 .entity = "",
                                 .unit = "ns",
                                 .measured = 1.0,
                                 .error = 0.1 * (i + 1),
                                 .error_raw = 0.0,
                                 .error_null = 1.0});
    whole.points.push_back(point);
  }
  whole.notes = {"calibrated"};
  condense(whole);
  EXPECT_EQ(whole.all.points, 3U);
  EXPECT_EQ(whole.groups.size(), 2U);
  const Validation part = slice_of(whole, 1, 2);
  EXPECT_EQ(part.all.points, 2U);
  EXPECT_NEAR(part.all.max, 0.3, 1e-12);
  EXPECT_EQ(part.notes, whole.notes);
  EXPECT_EQ(slice_of(whole, 3, 0).all.points, 0U);
}

std::set<std::string> entities_of_cpu_time(const NativeUsage& usage) {
  models::Timings timings;
  add_metrics(usage, timings);
  std::set<std::string> entities;
  for (const models::Metric& metric : timings.metrics) {
    if (metric.name == "cpu_time") {
      entities.insert(metric.entity);
    }
  }
  return entities;
}

TEST(NativeUsage, what_nobody_counted_is_not_taken_for_the_whole) {
  NativeUsage usage{.makespan = 10ms, .own = {.cpu = 4ms}, .cpus = 2};
  EXPECT_EQ(entities_of_cpu_time(usage), (std::set<std::string>{""}));
  usage.alone = false;  // a fork server waits for the workers
  EXPECT_EQ(entities_of_cpu_time(usage), (std::set<std::string>{main_process}));
  usage.children = UsagePart{.cpu = 5ms};
  EXPECT_EQ(entities_of_cpu_time(usage),
            (std::set<std::string>{"", main_process, worker_processes}));
}

}  // namespace
}  // namespace timeslice::validation
