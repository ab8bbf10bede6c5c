#include "scenarios/format/expectation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/scenarios/format/loading.hpp"

namespace timeslice::scenarios {
namespace {

using testing::HasSubstr;

PointMetrics at(const std::string& workers, const std::string& gil, std::vector<double> makespans) {
  return {
      .params = {{"variant", ""}, {"workers", workers}, {"runtime.gil", gil}},
      .metrics = {{.name = "makespan", .entity = "", .values = std::move(makespans), .pooled = {}},
                  {.name = "task_latency_p99", .entity = "page", .values = {1.0}, .pooled = 120e6},
                  {.name = "cpu_utilization", .entity = "", .values = {0.5}, .pooled = {}}}};
}

const std::vector<PointMetrics>& points() {
  static const std::vector<PointMetrics> all{at("1", "on", {8e9, 4e9}), at("8", "on", {2e9, 2e9}),
                                             at("8", "off", {1e9, 1e9})};
  return all;
}

Verdict verdict(const std::string& rule, bool complete = true) {
  const auto result = evaluate_expectation(rule, points(), complete);
  if (!result) {
    ADD_FAILURE() << result.error().what;
    return {};
  }
  return result.value();
}

TEST(Expectation, a_claim_holds_at_every_point_that_it_names) {
  EXPECT_EQ(verdict("makespan < 20s").holds, true);
  EXPECT_EQ(verdict("makespan < 3s").holds, false);
  EXPECT_EQ(verdict("makespan < 3s at workers=8").holds, true);
  EXPECT_EQ(verdict("makespan == 2s at workers=8, runtime.gil=yes").actual, "2s");
  EXPECT_EQ(verdict("makespan >= 1s").actual, "1s .. 6s");
  EXPECT_EQ(verdict("makespan < 3s").actual, "6s") << "the first that fails";
}

TEST(Expectation, quantiles_are_pooled_and_tolerances_are_shares) {
  EXPECT_EQ(verdict("task_latency_p99[page] within 5% of 125ms").holds, true);
  EXPECT_EQ(verdict("task_latency_p99[page] within 1% of 125ms").holds, false);
  EXPECT_EQ(verdict("cpu_utilization >= 50%").holds, true);
}

TEST(Expectation, a_speedup_is_the_mean_of_paired_ratios) {
  const Verdict found = verdict("speedup(workers=8 / workers=1) > 2.9 at runtime.gil=on");
  EXPECT_EQ(found.holds, true);
  EXPECT_EQ(found.actual, "3") << "(8/2 + 4/2) / 2, not 6/2";
  EXPECT_EQ(verdict("speedup(runtime.gil=off / runtime.gil=on) == 2 at workers=8").holds, true);
}

TEST(Expectation, base_names_the_scenario_without_a_variant) {
  std::vector<PointMetrics> both = points();
  both.resize(2);
  both[0].params = {{.name = "variant", .value = ""}};
  both[1].params = {{.name = "variant", .value = "spawned"}};
  both[0].metrics = {{.name = "makespan", .entity = "", .values = {6e9}, .pooled = {}}};
  both[1].metrics = {{.name = "makespan", .entity = "", .values = {3e9}, .pooled = {}}};
  const auto found =
      evaluate_expectation("speedup(variant=spawned / variant=base) == 2", both, true);
  ASSERT_TRUE(static_cast<bool>(found));
  EXPECT_EQ(found.value().holds, true);
}

TEST(Expectation, clauses_are_joined_by_and) {
  EXPECT_EQ(verdict("makespan < 20s and makespan > 3s at workers=1").holds, true);
  EXPECT_EQ(verdict("makespan < 20s and makespan > 3s at workers=8").holds, false);
}

TEST(Expectation, no_matching_point_is_an_error_unless_points_are_missing) {
  const auto result = evaluate_expectation("makespan < 1s at workers=2", points(), true);
  ASSERT_FALSE(static_cast<bool>(result));
  EXPECT_THAT(result.error().what, HasSubstr("no point matches"));
  EXPECT_EQ(verdict("makespan < 1s at workers=2", false).holds, std::nullopt);
  EXPECT_EQ(verdict("makespan < 20s", false).holds, std::nullopt)
      << "other points may be elsewhere";
  EXPECT_EQ(verdict("makespan < 3s at workers=8, runtime.gil=on", false).holds, true);
}

TEST(Expectation, a_metric_that_no_run_has_is_an_error) {
  EXPECT_FALSE(static_cast<bool>(evaluate_expectation("gil_wait < 1s", points(), true)));
  EXPECT_FALSE(
      static_cast<bool>(evaluate_expectation("task_latency_p99[other] < 1s", points(), true)));
}

TEST(Expectation, the_grammar_is_checked) {
  for (const char* rule :
       {"", "makespan", "makespan < 20", "makespan < 20MiB", "makespan ~ 3s", "speedup > 3",
        "speedup(workers=8) > 3", "speedup(a=1 / b=2) > 3s", "makespan within 5 of 3s",
        "makespan within 5% 3s", "makespan < 3s at", "makespan < 3s at workers",
        "makespan < 3s at a=1 at b=2", "task_latency_p99[page < 3s", "and", "makespan < 3s and "}) {
    EXPECT_FALSE(static_cast<bool>(check_expectation(rule))) << rule;
  }
  EXPECT_TRUE(
      static_cast<bool>(check_expectation("throughput[page] >= 150/s and ipc_bytes < 1MiB")));
}

TEST(Expectation, rules_are_checked_against_the_sweep_at_load) {
  const std::string head = "params: {w: 1}\nabout: \"${w}\"\nmatrix: {w: [1, 2]}\nexpect:\n  - ";
  EXPECT_EQ(errors(around(head + "makespan < 3s at w=2\n")), "");
  EXPECT_THAT(errors(around(head + "makespan < 3s at w=3\n")),
              HasSubstr("no point of the sweep matches"));
  EXPECT_THAT(errors(around(head + "makespan < 3s at v=3\n")),
              HasSubstr("no parameter is called 'v'"));
  EXPECT_EQ(errors(around(head + "makespan < 3s at w=2\n"), {.set = {{"w", "1"}}}), "");
}

TEST(Expectation, metrics_that_no_run_has_are_refused_at_load) {
  const auto rule = [](const std::string& text) {
    return errors(around("tasks: {page: []}\nexecutors: {crew: {kind: serial}}\nexpect:\n  - " +
                         text + "\n"));
  };
  for (const char* text : {"speedup_serial > 2"}) {
    EXPECT_THAT(rule(text), HasSubstr("error[E-later]")) << text;
  }
  EXPECT_THAT(rule("gil_switches[page] > 1"), HasSubstr("is about the whole run"));
  EXPECT_THAT(rule("task_latency_p50 < 1ms"), HasSubstr("is about one task"));
  EXPECT_EQ(rule("cpu_time[main] < 1s and cpu_time < 1s and core_busy[0] < 1"), "");
}

TEST(Expectation, rules_about_the_gil_need_points_that_have_one) {
  const std::string swept = "matrix: {runtime.gil: [on, off]}\nexpect:\n  - ";
  for (const char* metric : {"gil_wait < 1ms", "gil_held[main] < 1s", "gil_switches > 1"}) {
    EXPECT_THAT(errors(around(swept + metric + "\n")), HasSubstr("t.yaml:5:5: error[E-expect]"))
        << metric;
    EXPECT_EQ(errors(around(swept + metric + " at runtime.gil=on\n")), "") << metric;
  }
  EXPECT_THAT(errors(around("runtime: none\nexpect:\n  - gil_wait < 1ms\n")),
              HasSubstr("'gil_wait' needs a GIL"));
  EXPECT_THAT(errors(around("variants: {free: {runtime.gil: off}}\nexpect: [gil_wait < 1ms]\n")),
              HasSubstr("'gil_wait' needs a GIL"));
  EXPECT_EQ(errors(around("expect:\n  - gil_wait < 1ms\n")), "");
}

TEST(Expectation, entities_are_names_of_the_scenario) {
  const std::string head =
      "tasks: {page: []}\nexecutors: {crew: {kind: serial}}\n"
      "variants: {more: {tasks.extra: []}}\nexpect:\n  - ";
  const std::string misspelt = errors(around(head + "task_latency_p50[pgae] < 1ms\n"));
  EXPECT_THAT(misspelt, HasSubstr("error[E-name]"));
  EXPECT_THAT(misspelt, HasSubstr("did you mean 'page'?"));
  EXPECT_THAT(errors(around(head + "startup[page] < 1ms\n")),
              HasSubstr("no executor is called 'page'"));
  EXPECT_EQ(errors(around(head + "startup[crew] < 1ms and throughput[page] > 1/s\n")), "");
}

}  // namespace
}  // namespace timeslice::scenarios
