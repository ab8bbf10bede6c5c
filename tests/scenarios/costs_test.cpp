#include "scenarios/costs.hpp"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "models/machine/regular.hpp"
#include "models/world.hpp"
#include "scenarios/simulate.hpp"
#include "tests/scenarios/format/loading.hpp"

namespace timeslice::scenarios {
namespace {

const std::vector<std::string> names{"cost_ideal",  "cost_gil",        "cost_start", "cost_ipc",
                                     "cost_switch", "cost_contention", "cost_rest"};

double value(const models::Timings& timings, const std::string& name) {
  for (const models::Metric& metric : timings.metrics) {
    if (metric.name == name) {
      return metric.value;
    }
  }
  ADD_FAILURE() << "no metric " << name;
  return 0.0;
}

double sum_of_costs(const models::Timings& timings) {
  double sum = 0.0;
  for (const std::string& name : names) {
    sum += value(timings, name);
  }
  return sum;
}

models::Timings run_with_costs(const Scenario& scenario, std::uint64_t repetition = 0) {
  RunOptions options;
  options.costs = true;
  return simulate(scenario, repetition, options);
}

constexpr const char* pool = R"(
timeslice: 1
machine: laptop-4c8t
tasks: {work: [{python: 2ms}, {native: 1ms}, {io: 1ms}]}
executors: {crew: {kind: KIND, workers: 6, chunksize: 1}}
main: [{map: {task: work, items: 60, executor: crew}}]
background: [{task: burner, threads: 2}]
)";

Scenario scenario_with(const std::string& kind) {
  std::string text = pool;
  text.replace(text.find("KIND"), 4, kind);
  text.replace(text.find("{work:"), 6, "{burner: [{native: 1ms}], work:");
  return scenario(text);
}

TEST(Costs, sum_to_the_makespan_exactly) {
  for (const char* kind : {"threads", "processes", "thread-per-task", "process-per-task"}) {
    const Scenario scenario = scenario_with(kind);
    for (std::uint64_t repetition = 0; repetition < 3; ++repetition) {
      const models::Timings timings = run_with_costs(scenario, repetition);
      ASSERT_EQ(timings.status, models::RunStatus::ok) << timings.error;
      EXPECT_EQ(sum_of_costs(timings), static_cast<double>(timings.makespan.count())) << kind;
    }
  }
}

TEST(Costs, leave_the_run_itself_as_it_is) {
  const Scenario scenario = scenario_with("threads");
  const models::Timings plain = simulate(scenario, 0, {});
  const models::Timings with = run_with_costs(scenario);
  EXPECT_EQ(with.digest, plain.digest);
  EXPECT_EQ(with.makespan, plain.makespan);
  EXPECT_EQ(with.metrics.size(), plain.metrics.size() + names.size());
}

TEST(Costs, blame_the_gil_for_what_the_gil_does) {
  const models::Timings threads = run_with_costs(scenario_with("threads"));
  const models::Timings processes = run_with_costs(scenario_with("processes"));
  const double makespan = static_cast<double>(threads.makespan.count());
  EXPECT_GT(value(threads, "cost_gil"), 0.4 * makespan);
  EXPECT_LT(value(processes, "cost_gil"), 0.02 * makespan) << "one a process: nobody waits";
  EXPECT_GT(value(processes, "cost_start"), 5e6) << "workers are forked";
  EXPECT_GT(value(threads, "cost_rest"), 0.0) << "the background programs take CPUs";
  EXPECT_EQ(value(threads, "cost_ideal"), value(processes, "cost_ideal")) << "same work";
}

TEST(Costs, of_an_ideal_machine_are_its_work_and_the_gil) {
  const Scenario ideal = scenario(R"(
timeslice: 1
machine: ideal-4
tasks: {work: [{python: 2ms}]}
executors: {crew: {kind: threads, workers: 4}}
main: [{map: {task: work, items: 8, executor: crew}}]
)");
  const models::Timings timings = run_with_costs(ideal);
  EXPECT_EQ(value(timings, "cost_ideal"), 4e6);
  EXPECT_EQ(value(timings, "cost_gil"), 12e6);
  EXPECT_EQ(sum_of_costs(timings), 16e6);
}

TEST(Costs, of_a_run_that_did_not_end_are_none) {
  models::Timings failed;
  failed.status = models::RunStatus::deadlock;
  add_costs(scenario_with("threads").world, {}, failed);
  EXPECT_TRUE(failed.metrics.empty());
}

TEST(Costs, of_all_effects_together_are_all_costs_that_there_are) {
  models::WorldSpec world = scenario_with("threads").world;
  world.machine.costs = models::OsCosts{};
  world.runtime.costs = models::PythonCosts{};
  for (const models::Effect effect :
       {models::Effect::gil, models::Effect::start_cost, models::Effect::ipc_cost,
        models::Effect::switch_cost, models::Effect::contention, models::Effect::rest}) {
    world = models::without(std::move(world), effect);
  }
  EXPECT_EQ(world.runtime.costs, models::python_free_of_cost())
      << "a cost that no effect of world_without.cpp switches off would be missing from the bars";
}

}  // namespace
}  // namespace timeslice::scenarios
