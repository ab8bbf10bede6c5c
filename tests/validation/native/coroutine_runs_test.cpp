// Coroutines on this host's real asyncio: that they do what the scenario says, with the draws of
// the simulation. Lower bounds only: this machine may be busy.
#include <algorithm>
#include <filesystem>

#include <gtest/gtest.h>

#include "models/work/draws.hpp"
#include "tests/validation/small_world.hpp"
#include "validation/native/program.hpp"
#include "validation/native/python_runner.hpp"
#include "validation/native/support.hpp"

namespace timeslice::validation {
namespace {

using namespace std::chrono_literals;
using models::ExecutorKind;
using AwaitWhat = models::AwaitStep::What;

Step await_for(AwaitWhat what, sim::Duration duration) {
  models::AwaitStep step;
  step.what = what;
  step.duration = models::constant(duration);
  return {.what = step};
}

Step await_block(std::uint32_t executor) {
  models::AwaitStep step;
  step.what = AwaitWhat::task;
  step.task = models::TaskIndex{1};
  step.executor = models::ExecutorIndex{executor};
  return {.what = step};
}

/// Task 0 on a loop (executor 0), task 1 blocks, executor 1 is two threads.
models::WorldSpec loop_world(Steps task, std::uint64_t items, std::uint32_t loops) {
  models::WorldSpec world = mapped(std::move(task), items, ExecutorKind::asyncio, loops);
  if (loops == 0) {
    world.executors[0].workers = {};
  }
  world.tasks.push_back({.name = "block", .steps = {sleep(3ms), python(200us)}});
  world.tasks.back().steps[1].number = 1;
  models::ExecutorSpec threads;
  threads.name = "threads";
  threads.kind = ExecutorKind::threads;
  threads.workers = {.kind = models::WorkerCount::Kind::number, .number = 2};
  world.executors.push_back(threads);
  return world;
}

TEST(CoroutineProgram, awaits_become_operations_and_handed_items_batches) {
  models::GatherStep both;
  both.task = models::TaskIndex{1};
  both.items = 2;
  const auto program = expand(loop_world({await_for(AwaitWhat::sleep, 0ms),
                                          await_for(AwaitWhat::io, 2ms),
                                          await_block(1),
                                          {.what = both}},
                                         1, 0),
                              1);
  ASSERT_EQ(program.batches.size(), 3U) << "the map is built after what its items hand over";
  const Instructions& one = program.programs[program.batches[2].items.at(0)];
  EXPECT_EQ(one, (Instructions{{.op = Op::await_sleep, .argument = 0},
                               {.op = Op::await_io, .argument = 2'000'000},
                               {.op = Op::await_items, .argument = 0},
                               {.op = Op::await_items, .argument = 1}}));
  EXPECT_EQ(program.batches[0].executor, models::ExecutorIndex{1});
  EXPECT_FALSE(program.batches[0].gathers);
  EXPECT_EQ(program.batches[1].executor, models::ExecutorIndex{0}) << "the loop itself";
  EXPECT_TRUE(program.batches[1].gathers);
  EXPECT_EQ(program.main, (Instructions{{.op = Op::map, .argument = 2}}));
}

double value(const models::Timings& timings, const std::string& name) {
  const auto found = std::ranges::find(timings.metrics, name, &models::Metric::name);
  return found == timings.metrics.end() ? -1.0 : found->value;
}

TEST(CoroutineRuns, loops_in_main_and_in_threads_do_what_the_scenario_says) {
  if (!std::filesystem::exists("/usr/bin/python3") || allowed_cpus().size() < 2) {
    GTEST_SKIP() << "no /usr/bin/python3 here, or one CPU";
  }
  for (const std::uint32_t loops : {0U, 2U}) {
    SCOPED_TRACE(loops);
    const models::WorldSpec world =
        loop_world({await_for(AwaitWhat::sleep, 5ms), await_for(AwaitWhat::io, 3ms), await_block(1),
                    python(300us)},
                   4, loops);
    ASSERT_FALSE(native_obstacle(world, {.cpus = 2}).has_value());
    PythonRunner runner{std::make_shared<HostCalibration>(rough_calibration()),
                        std::move(ScriptFolder::create()).value(), ChildLimits{}};
    const NativeRun run = runner.measure(scenario_of(world), 0, {});
    ASSERT_EQ(run.timings.status, models::RunStatus::ok) << run.timings.error;
    EXPECT_GE(run.timings.makespan, 14ms) << "5 + 3 + two turns of two threads";
    EXPECT_EQ(value(run.timings, "tasks_done"), 8.0);
    EXPECT_GT(value(run.timings, "loop_lag_max"), 0.0);
    std::int64_t nominal = 0;
    for (const KernelSample& sample : run.samples) {
      nominal += sample.nominal_ns;
    }
    EXPECT_EQ(nominal, 4 * (300'000 + 200'000));
  }
}

TEST(CoroutineRuns, what_takes_too_long_is_given_up_and_the_coroutine_goes_on) {
  if (!std::filesystem::exists("/usr/bin/python3") || allowed_cpus().size() < 2) {
    GTEST_SKIP() << "no /usr/bin/python3 here, or one CPU";
  }
  const auto give_up = [](sim::Duration after, models::Steps body) {
    return models::Step{
        .what = models::TimeoutStep{.after = models::constant(after), .body = std::move(body)}};
  };
  const models::WorldSpec world = loop_world(
      {give_up(20ms,
               {give_up(60s, {await_for(AwaitWhat::io, 20s)}), await_for(AwaitWhat::sleep, 20s)}),
       give_up(20s, {await_for(AwaitWhat::sleep, 5ms)}), python(300us)},
      4, 0);
  ASSERT_FALSE(native_obstacle(world, {.cpus = 2}).has_value());
  PythonRunner runner{std::make_shared<HostCalibration>(rough_calibration()),
                      std::move(ScriptFolder::create()).value(), ChildLimits{}};
  const NativeRun run = runner.measure(scenario_of(world), 0, {});
  ASSERT_EQ(run.timings.status, models::RunStatus::ok) << run.timings.error;
  EXPECT_GE(run.timings.makespan, 25ms);
  EXPECT_LT(run.timings.makespan, 15s) << "nobody has slept to the end";
  EXPECT_EQ(value(run.timings, "tasks_done"), 4.0);
}

}  // namespace
}  // namespace timeslice::validation
