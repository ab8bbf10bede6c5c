#include "tools/report/run_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "models/machine/regular.hpp"
#include "tools/report/run_json.hpp"
#include "tools/report/run_text.hpp"
#include "tools/report/speedup.hpp"

namespace timeslice::tools {
namespace {

using testing::HasSubstr;
using testing::Not;

PointOutcome outcome(std::uint64_t ordinal, const std::string& workers, std::int64_t makespan_ns) {
  PointOutcome result;
  result.point.ordinal = ordinal;
  result.point.key = "00000000000000a" + std::to_string(ordinal);
  result.point.params = {{"variant", ""}, {"workers", workers}, {"gil", "on"}};
  result.point.scenario.world.machine.name = "laptop";
  result.point.scenario.world.main = {
      models::Step{.what = models::NativeStep{.duration = models::constant(sim::Duration{1})}}};
  for (int rep = 0; rep < 2; ++rep) {
    models::Timings run;
    run.seed = 7;
    run.digest = 0xabc;
    run.makespan = sim::Duration{makespan_ns};
    run.metrics = {{.name = "makespan",
                    .entity = "",
                    .unit = "ns",
                    .value = static_cast<double>(makespan_ns)}};
    result.runs.push_back(run);
    result.wall_ns.push_back(1000);
  }
  result.metrics = {{.name = "makespan",
                     .entity = "",
                     .unit = "ns",
                     .mean = static_cast<double>(makespan_ns),
                     .low = static_cast<double>(makespan_ns) - 1e6,
                     .high = static_cast<double>(makespan_ns) + 1e6,
                     .n = 2}};
  return result;
}

RunReport two_points() {
  RunReport report;
  report.tool = {.version = "0.1.0", .git = "abc1234", .model = 1};
  report.name = "crawler";
  report.about = "how fast?";
  report.sha256 = "ff";
  report.planned = 2;
  report.axes = {"workers"};
  report.add(outcome(0, "1", 4'000'000'000), {});
  report.add(outcome(1, "4", 1'000'000'000), {});
  return report;
}

TEST(RunJson, has_every_field_of_the_contract) {
  RunReport report = two_points();
  report.verdicts = {{.rule = "makespan < 20s", .holds = true, .actual = "1s"},
                     {.rule = "x", .holds = std::nullopt, .actual = "not in this run"}};
  const auto json = nlohmann::json::parse(run_json(report));
  EXPECT_EQ(json["schema"], "timeslice.run/1");
  EXPECT_EQ(json["tool"]["version"], "0.1.0");
  EXPECT_EQ(json["tool"]["git"], "abc1234");
  EXPECT_EQ(json["tool"]["model"], 1);
  EXPECT_EQ(json["scenario"]["name"], "crawler");
  EXPECT_EQ(json["scenario"]["sha256"], "ff");
  EXPECT_EQ(json["machine"]["name"], "laptop");
  for (const char* field : {"cpus", "cores", "packages", "numa_nodes"}) {
    EXPECT_TRUE(json["machine"][field].is_number()) << field;
  }
  const auto& point = json["points"][1];
  EXPECT_EQ(point["ordinal"], 1);
  EXPECT_EQ(point["key"], "00000000000000a1");
  EXPECT_EQ(point["params"]["variant"], "");
  EXPECT_EQ(point["params"]["workers"], 4) << "a number stays a number";
  EXPECT_EQ(point["params"]["gil"], "on");
  EXPECT_EQ(point["runs"][1]["rep"], 1);
  EXPECT_EQ(point["runs"][1]["status"], "ok");
  EXPECT_EQ(point["runs"][1]["digest"], "0000000000000abc");
  EXPECT_EQ(point["runs"][1]["makespan_ns"], 1'000'000'000);
  EXPECT_EQ(point["runs"][1]["wall_ns"], 1000);
  EXPECT_EQ(point["metrics"][0]["name"], "makespan");
  EXPECT_EQ(point["metrics"][0]["n"], 2);
  EXPECT_TRUE(point["warnings"].is_array());
  EXPECT_EQ(json["expect"][0]["holds"], true);
  EXPECT_TRUE(json["expect"][1]["holds"].is_null());
}

TEST(RunJson, a_single_replication_has_no_interval_and_broken_text_stays_json) {
  RunReport report = two_points();
  report.points[0].metrics[0].low = std::nullopt;
  report.name = "\xff";
  const auto json = nlohmann::json::parse(run_json(report));
  EXPECT_TRUE(json["points"][0]["metrics"][0]["low"].is_null());
}

TEST(RunReport, a_claim_is_judged_from_the_samples_of_its_metrics) {
  RunReport report;
  const std::vector<std::string> rules{"makespan < 2s at workers=4", "makespan < 2s at workers=1"};
  report.add(outcome(0, "1", 4'000'000'000), {.every_metric = false, .rules = rules});
  report.add(outcome(1, "4", 1'000'000'000), {.every_metric = false, .rules = rules});
  report.judge(rules, true);
  ASSERT_EQ(report.verdicts.size(), 2U);
  EXPECT_EQ(report.verdicts[0].holds, true);
  EXPECT_EQ(report.verdicts[1].holds, false);
  EXPECT_TRUE(report.any_refuted());
}

TEST(RunReport, metrics_of_single_threads_are_dropped_where_nobody_asks) {
  PointOutcome many = outcome(0, "1", 1'000);
  many.metrics.push_back({.name = "cpu_time", .entity = "worker-1", .unit = "ns", .mean = 1.0});
  many.metrics.push_back({.name = "startup", .entity = "pool", .unit = "ns", .mean = 1.0});
  RunReport report;
  report.add(many, {.every_metric = false, .rules = {}});
  EXPECT_EQ(find_metric(report.points[0], "cpu_time", "worker-1"), nullptr);
  EXPECT_NE(find_metric(report.points[0], "startup", "pool"), nullptr);
}

TEST(RunText, details_leave_out_what_is_zero_in_every_run) {
  RunReport report = two_points();
  const std::string before = run_text(report, {.details = true});
  EXPECT_EQ(before.find("0 in every run"), std::string::npos);
  report.points[0].metrics.push_back({.name = "migrations", .entity = "w", .unit = "count"});
  const std::string text = run_text(report, {.details = true});
  EXPECT_NE(text.find("  1 more is 0 in every run\n"), std::string::npos);
  EXPECT_EQ(text.find("migrations"), std::string::npos);
}

TEST(Speedup, is_against_the_smallest_value_of_the_first_numeric_axis) {
  const RunReport report = two_points();
  EXPECT_EQ(speedup_axis(report).name, "workers");
  const auto ratios = speedups(report, "workers");
  EXPECT_DOUBLE_EQ(ratios[0].value(), 1.0);
  EXPECT_DOUBLE_EQ(ratios[1].value(), 4.0);
}

TEST(Speedup, compares_only_points_that_are_equal_in_all_else) {
  RunReport report = two_points();
  PointOutcome other = outcome(2, "4", 2'000'000'000);
  other.point.params[2].value = "off";
  report.add(other, {});
  EXPECT_DOUBLE_EQ(speedups(report, "workers")[2].value(), 1.0) << "it is its own base";
}

TEST(Speedup, a_failed_run_has_none) {
  RunReport report = two_points();
  report.points[1].runs[0].status = models::RunStatus::deadlock;
  EXPECT_FALSE(speedups(report, "workers")[1].has_value());
}

PointOutcome with_work(PointOutcome outcome, sim::Duration work) {
  outcome.point.scenario.world.main = {
      models::Step{.what = models::NativeStep{.duration = models::constant(work)}}};
  return outcome;
}

TEST(Speedup, is_not_shown_along_an_axis_that_changes_the_work) {
  RunReport report;
  report.axes = {"workers"};
  report.add(with_work(outcome(0, "1", 4'000), sim::Duration{1000}), {});
  report.add(with_work(outcome(1, "4", 1'000), sim::Duration{500}), {});
  EXPECT_EQ(speedup_axis(report).name, "");
  EXPECT_EQ(speedup_axis(report).other, "workers");
  EXPECT_THAT(run_text(report, {}), HasSubstr("no speed-up: workers changes how much work"));
  EXPECT_THAT(run_text(report, {}), Not(HasSubstr("4.00x")));
}

TEST(RunText, a_machine_shared_with_background_programs_tells_both_shares) {
  PointOutcome shared = outcome(0, "1", 1'000'000);
  shared.point.scenario.world.machine = models::ideal_machine(2);
  shared.point.scenario.world.background.push_back({});
  shared.metrics.push_back(
      {.name = "cpu_time", .entity = "", .unit = "ns", .mean = 1e6, .low = {}, .high = {}, .n = 2});
  shared.metrics.push_back({.name = "cpu_utilization",
                            .entity = "",
                            .unit = "1",
                            .mean = 0.75,
                            .low = {},
                            .high = {},
                            .n = 2});
  RunReport report;
  report.add(shared, {});
  const std::string text = run_text(report, {});
  EXPECT_THAT(text, HasSubstr("by others"));
  EXPECT_THAT(text, HasSubstr("75 %       25 %")) << "1 ms of 2 CPUs is a half of 1 ms";
}

TEST(RunText, an_empty_main_says_that_nothing_ran) {
  PointOutcome idle = outcome(0, "1", 0);
  idle.point.scenario.world.main.clear();
  RunReport report;
  report.add(idle, {});
  EXPECT_THAT(run_text(report, {}), HasSubstr("nothing ran"));
}

TEST(RunText, shows_question_parameters_makespan_interval_and_speedup) {
  const std::string text = run_text(two_points(), {});
  EXPECT_THAT(text, HasSubstr("crawler: how fast?"));
  EXPECT_THAT(text, HasSubstr("workers"));
  EXPECT_THAT(text, HasSubstr("4.00x"));
  EXPECT_THAT(text, HasSubstr("± 1 ms"));
  EXPECT_THAT(text, Not(HasSubstr("gil"))) << "what does not vary has no column";
  EXPECT_THAT(text, Not(HasSubstr("\x1b"))) << "no colour unless asked for";
}

TEST(RunText, a_false_claim_is_shown_with_what_was_found) {
  RunReport report = two_points();
  report.verdicts = {{.rule = "makespan < 1s", .holds = false, .actual = "4s"}};
  EXPECT_TRUE(report.any_refuted());
  EXPECT_THAT(run_text(report, {}), HasSubstr("FAILS          makespan < 1s  (4s)"));
}

TEST(RunText, equal_warnings_are_told_once_with_their_number) {
  RunReport report = two_points();
  report.points[0].warnings = {"costs unknown", "only here"};
  report.points[1].warnings = {"costs unknown"};
  EXPECT_EQ(warning_lines(report), "warning: costs unknown\nwarning: only here (1 of 2 points)\n");
}

TEST(RunText, a_deadlock_tells_who_waits_for_what) {
  RunReport report = two_points();
  report.points[1].runs[1].status = models::RunStatus::deadlock;
  report.points[1].runs[1].error = "main waits for lock a, held by worker";
  EXPECT_TRUE(report.any_failed());
  EXPECT_EQ(failure_lines(report),
            "deadlock: point 1 at workers=4, repetition 1, seed 7: main waits for lock a, held by "
            "worker\n");
  EXPECT_THAT(run_text(report, {}), HasSubstr("deadlock in 1 of 2"));
}

}  // namespace
}  // namespace timeslice::tools
