#include "scenarios/simulate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/models/world_fixture.hpp"

namespace timeslice::scenarios {
namespace {

using namespace std::chrono_literals;

Scenario small_scenario() {
  Scenario scenario;
  scenario.name = "small";
  scenario.world = models::linux_world(2);
  models::add_task(scenario.world, "item", {models::python(1ms), models::io(1ms)});
  models::add_executor(scenario.world, models::ExecutorKind::threads, 4);
  scenario.world.main = models::numbered({models::map_items(20)});
  scenario.seed = 7;
  return scenario;
}

TEST(Simulate, repetitions_have_seeds_of_their_own_that_the_point_does_not_change) {
  Scenario scenario = small_scenario();
  EXPECT_NE(run_seed(scenario, 0), run_seed(scenario, 1));
  const std::uint64_t before = run_seed(scenario, 3);
  scenario.world.executors[0].workers.number = 8;
  EXPECT_EQ(run_seed(scenario, 3), before);
}

TEST(Simulate, the_runner_gives_the_same_bytes_as_the_function) {
  const Scenario scenario = small_scenario();
  SimulatedRunner runner;
  const models::Timings by_runner = runner.run(scenario, 2, {});
  EXPECT_EQ(by_runner.status, models::RunStatus::ok);
  EXPECT_EQ(by_runner.seed, run_seed(scenario, 2));
  EXPECT_EQ(by_runner.digest, simulate(scenario, 2, {}).digest);
  EXPECT_NE(by_runner.digest, simulate(scenario, 3, {}).digest);
}

TEST(Simulate, a_scenario_that_makes_no_sense_fails_with_the_reason) {
  Scenario scenario = small_scenario();
  scenario.world.runtime.language = models::Language::none;
  const models::Timings timings = simulate(scenario, 0, {});
  EXPECT_EQ(timings.status, models::RunStatus::failed);
  EXPECT_THAT(timings.error, testing::HasSubstr("python steps need an interpreter"));
}

TEST(Simulate, doubts_of_the_scenario_reach_the_result_once) {
  Scenario scenario = small_scenario();
  scenario.warnings = {"a doubt", "a doubt"};
  EXPECT_THAT(simulate(scenario, 0, {}).warnings, testing::ElementsAre("a doubt"));
}

TEST(Simulate, giving_up_is_a_timeout) {
  Scenario scenario = small_scenario();
  scenario.world.main = models::numbered({models::repeat(10'000'000, {models::io(1us)})});
  RunOptions options;
  options.give_up = [] { return true; };
  EXPECT_EQ(simulate(scenario, 0, options).status, models::RunStatus::timeout);
}

}  // namespace
}  // namespace timeslice::scenarios
