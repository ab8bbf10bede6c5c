// Steps `yield` and `nice`, idle groups, and where errors of groups and real-time tasks point.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scenarios/simulate.hpp"
#include "tests/models/world_fixture.hpp"
#include "tests/scenarios/format/loading.hpp"

namespace timeslice::scenarios {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::SizeIs;

TEST(SchedulingLoad, yield_and_nice_are_steps) {
  const Scenario read = scenario(around("main: [{yield: {}}, {nice: -5}, {nice: 19}]\n"));
  ASSERT_EQ(read.world.main.size(), 3U);
  EXPECT_TRUE(std::holds_alternative<models::YieldStep>(read.world.main[0].what));
  EXPECT_EQ(std::get<models::NiceStep>(read.world.main[1].what).level, -5);
  EXPECT_EQ(std::get<models::NiceStep>(read.world.main[2].what).level, 19);
}

TEST(SchedulingLoad, what_they_cannot_be_is_said_in_place) {
  EXPECT_THAT(errors(around("main: [{nice: 20}]\n")), HasSubstr("t.yaml:3:15"));
  EXPECT_THAT(errors(around("main: [{nice: 1.5}]\n")), HasSubstr("must be a whole number"));
  EXPECT_THAT(errors(around("main: [{yield: 3}]\n")), HasSubstr("'yield' must be a map"));
  EXPECT_THAT(errors(around("main: [{yield: {to: x}}]\n")), HasSubstr("E-key"));
}

TEST(SchedulingLoad, a_nice_step_that_no_policy_looks_at_is_told) {
  const std::string steps = "tasks: {t: [{repeat: 2, do: [{nice: 5}]}]}\nmain: [{call: t}]\n";
  EXPECT_THAT(scenario(around("os: {scheduler: rr}\n" + steps)).warnings,
              Contains("step nice has no effect on this policy"));
  EXPECT_THAT(scenario(around("os: {scheduler: linux-6.12}\n" + steps)).warnings,
              testing::Not(Contains(HasSubstr("nice"))));
}

TEST(SchedulingLoad, an_executor_without_a_nice_level_takes_that_of_its_creator) {
  const std::string before =
      "timeslice: 1\nmachine: ideal-1\nos: {scheduler: linux-6.12}\nruntime: none\n"
      "tasks: {burn: [{native: 200ms}]}\nexecutors:\n";
  const std::string after =
      "  rival: {kind: cpp-threads, workers: 1, nice: 0}\n"
      "main:\n"
      "  - nice: 5\n"
      "  - submit: {task: burn, executor: meek, items: 1, as: m}\n"
      "  - submit: {task: burn, executor: rival, items: 1, as: r}\n"
      "  - join: r\n  - join: m\n";
  const auto latency = [&](const std::string& meek) {
    const models::Timings timings = simulate(scenario(before + meek + after), 0, {});
    EXPECT_EQ(timings.status, models::RunStatus::ok) << timings.error;
    return models::metric(timings, "queue_wait_mean", "rival") +
           models::metric(timings, "switches_involuntary", "rival-0");
  };
  const double inherits = latency("  meek: {kind: cpp-threads, workers: 1}\n");
  EXPECT_EQ(inherits, latency("  meek: {kind: cpp-threads, workers: 1, nice: 5}\n"));
  EXPECT_NE(inherits, latency("  meek: {kind: cpp-threads, workers: 1, nice: 0}\n"));
}

TEST(SchedulingLoad, an_idle_group_has_no_weight_and_needs_a_fair_policy) {
  const std::string main = "main: [{native: 1ms}]\n";
  const auto group = [&](const std::string& os, const std::string& keys) {
    return around("os: {" + os + "groups: {g: {" + keys + "}}, program_group: g}\n" + main);
  };
  const std::string linux_os = "scheduler: linux-6.12, ";
  EXPECT_TRUE(scenario(group(linux_os, "cpu_idle: on")).world.os.groups[0].idle);
  EXPECT_THAT(errors(group(linux_os, "cpu_idle: on, weight: 5")),
              HasSubstr("an idle group has no weight of its own"));
  EXPECT_THAT(errors(group("policy: {kind: rr, queue: per-cpu}, ", "cpu_idle: on")),
              HasSubstr("only Linux's fair policies know idle groups"));
}

TEST(SchedulingLoad, errors_of_a_group_point_at_its_key) {
  const auto found = [](const std::string& keys) {
    return errors(
        around("os:\n  scheduler: linux-6.12\n  groups:\n    other: {weight: 7}\n    g:\n" + keys +
               "  program_group: g\nmain: [{native: 1ms}]\n"));
  };
  EXPECT_THAT(found("      weight: 5\n      cpu_max: 10us/100ms\n"), HasSubstr("t.yaml:9:16"));
  EXPECT_THAT(found("      cpu_max: 1ms/5s\n"), HasSubstr("t.yaml:8:16"));
  EXPECT_THAT(found("      cpu_max: 10ms\n      burst: 20ms\n"), HasSubstr("t.yaml:9:14"));
  EXPECT_THAT(found("      weight: 5\n      cpus: [9]\n"), HasSubstr("t.yaml:9:13"));
}

TEST(SchedulingLoad, errors_of_a_real_time_task_point_at_its_key) {
  const std::string found =
      errors(around("tasks: {job: [{native: 1ms}]}\nmain:\n  - native: 1ms\n"
                    "  - periodic: {task: job, every: 10ms, for: 1s}\n"
                    "  - periodic: {task: job, every: 1ns, for: 1000s}\n"));
  EXPECT_THAT(found, HasSubstr("t.yaml:7:44"));
  EXPECT_THAT(found, HasSubstr("more than 1e7 jobs would be released"));
}

TEST(SchedulingLoad, many_unused_groups_are_told_in_one_line) {
  std::string groups = "os:\n  scheduler: linux-6.12\n  groups:\n";
  for (int i = 0; i < 2'000; ++i) {
    groups += "    g" + std::to_string(i) + ": {weight: 50}\n";
  }
  const auto warnings = scenario(around(groups + "main: [{native: 1ms}]\n")).warnings;
  EXPECT_THAT(warnings, SizeIs(1));
  EXPECT_THAT(warnings, Contains("2000 groups are never used: 'g0', 'g1' and 1998 more"));
}

}  // namespace
}  // namespace timeslice::scenarios
