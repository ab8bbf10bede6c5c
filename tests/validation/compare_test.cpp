#include "validation/compare.hpp"

#include <algorithm>

#include <gtest/gtest.h>

namespace timeslice::validation {
namespace {

models::Timings run(double makespan_ms, double cpu_ms) {
  models::Timings timings;
  timings.makespan = sim::Duration{static_cast<std::int64_t>(makespan_ms * 1e6)};
  timings.metrics.push_back(
      {.name = "cpu_time", .entity = "", .unit = "ns", .value = cpu_ms * 1e6});
  return timings;
}

PairedRun pair(double measured, double predicted, double raw, double null) {
  PairedRun paired;
  paired.measured = run(measured, measured * 1.5);
  paired.predicted = run(predicted, predicted * 1.5);
  paired.raw = run(raw, raw * 1.5);
  paired.null = {.makespan_ns = null * 1e6, .cpu_ns = null * 1e6};
  return paired;
}

const Comparison& named(const std::vector<Comparison>& all, const std::string& name) {
  const auto found = std::ranges::find(all, name, &Comparison::name);
  EXPECT_NE(found, all.end()) << name;
  return *found;
}

TEST(Compare, the_error_is_the_median_of_paired_ratios) {
  // A raw spread of the host that the index explains leaves no error.
  const std::vector<PairedRun> runs{pair(100, 110, 130, 50), pair(130, 143, 130, 65),
                                    pair(170, 187, 130, 85)};
  const auto all = compare(runs, {.cpus = 2});
  ASSERT_FALSE(all.empty());
  EXPECT_EQ(all.front().name, "makespan");
  EXPECT_NEAR(*all.front().error, 0.10, 1e-9);
  EXPECT_NEAR(*all.front().error_raw, 0.0, 1e-9);
  EXPECT_NEAR(*all.front().error_null, -0.5, 1e-9);
  EXPECT_DOUBLE_EQ(all.front().measured, 130e6);
  EXPECT_DOUBLE_EQ(all.front().predicted, 143e6);
  EXPECT_NEAR(all.front().measured_cv, 0.263, 1e-3);
}

TEST(Compare, idle_time_is_what_the_cpus_did_not_use) {
  const auto all = compare(std::vector{pair(100, 100, 100, 75)}, {.cpus = 2});
  EXPECT_DOUBLE_EQ(named(all, "idle_time").measured, 50e6);
  EXPECT_FALSE(named(all, "idle_time").error_null.has_value());
  EXPECT_NEAR(*named(all, "cpu_time").error_null, -0.5, 1e-9);
}

TEST(Compare, nothing_measured_has_no_relative_error) {
  const auto all = compare(std::vector{pair(100, 100, 100, 75), pair(0, 1, 1, 1)}, {.cpus = 2});
  EXPECT_FALSE(all.front().error.has_value());
  EXPECT_TRUE(compare({}, {.cpus = 2}).empty());
}

TEST(Compare, what_one_side_does_not_know_is_left_out) {
  const auto all = compare(std::vector{pair(100, 100, 100, 75)}, {.cpus = 2});
  EXPECT_TRUE(std::ranges::none_of(
      all, [](const Comparison& one) { return one.name == "switches_voluntary"; }));
}

TEST(Compare, the_interval_bounds_the_median_and_holds_other_seeds) {
  std::vector<PairedRun> runs;
  for (int i = 0; i < 5; ++i) {
    runs.push_back(pair(100, 100, 100, 50));
    for (int seed = 0; seed < 4; ++seed) {
      runs.back().spread.push_back(run(90.0 + 5.0 * seed, 100));
    }
  }
  const Comparison makespan = compare(runs, {.cpus = 2}).front();
  EXPECT_GE(makespan.predicted_low, 90e6);
  EXPECT_LT(makespan.predicted_low, 100e6);
  EXPECT_GT(makespan.predicted_high, makespan.predicted_low);
  EXPECT_LE(makespan.predicted_high, 105e6);
  EXPECT_TRUE(makespan.covered);
}

TEST(Compare, doubt_about_the_nominal_speed_widens_the_interval) {
  const std::vector<PairedRun> runs{pair(104, 100, 100, 50), pair(104, 100, 100, 50)};
  EXPECT_FALSE(compare(runs, {.cpus = 2}).front().covered);
  const Comparison doubtful = compare(runs, {.cpus = 2, .calibration_doubt = 0.05}).front();
  EXPECT_TRUE(doubtful.covered);
  EXPECT_NEAR((doubtful.predicted_high - doubtful.predicted_low) / 100e6, 2 * 1.96 * 0.05, 0.03);
}

TEST(Compare, the_same_runs_give_the_same_bytes) {
  const std::vector<PairedRun> runs{pair(100, 110, 130, 50), pair(130, 143, 130, 65)};
  EXPECT_EQ(compare(runs, {.cpus = 2}).front().predicted_low,
            compare(runs, {.cpus = 2}).front().predicted_low);
}

Comparison error(double value, double null) {
  Comparison one;
  one.name = "makespan";
  one.measured = 100.0;
  one.predicted_low = 95.0;
  one.predicted_high = 105.0;
  one.error = value;
  one.error_raw = 2.0 * value;
  one.error_null = null;
  one.covered = true;
  return one;
}

TEST(Summary, condenses_absolute_errors_and_measures_skill_against_the_null_model) {
  const std::vector<Comparison> all{error(0.02, 0.10), error(-0.04, 0.20), error(0.06, -0.30)};
  const ValidationSummary summary = summarise(all);
  EXPECT_EQ(summary.points, 3U);
  EXPECT_NEAR(summary.mape, 0.04, 1e-12);
  EXPECT_NEAR(summary.median, 0.04, 1e-12);
  EXPECT_NEAR(summary.max, 0.06, 1e-12);
  EXPECT_NEAR(summary.raw_median, 0.08, 1e-12);
  EXPECT_NEAR(summary.null_median, 0.20, 1e-12);
  EXPECT_NEAR(summary.skill, 0.8, 1e-12);
  EXPECT_NEAR(summary.coverage, 1.0, 1e-12);
  EXPECT_NEAR(summary.interval_score, 0.1, 1e-12);
}

TEST(Summary, a_missed_interval_costs_forty_times_the_miss) {
  Comparison missed = error(0.02, 0.10);
  missed.measured = 110.0;
  missed.covered = false;
  EXPECT_NEAR(summarise(std::vector{missed}).interval_score, (10.0 + 40.0 * 5.0) / 110.0, 1e-12);
  EXPECT_NEAR(summarise(std::vector{missed}).coverage, 0.0, 1e-12);
}

TEST(Summary, of_nothing_is_empty) {
  EXPECT_EQ(summarise({}).points, 0U);
}

void add(models::Timings& timings, const char* name, const char* entity, double value) {
  timings.metrics.push_back({.name = name, .entity = entity, .unit = "count", .value = value});
}

TEST(Compare, threads_of_the_main_process_stand_apart_from_worker_processes) {
  PairedRun paired = pair(100, 100, 100, 50);
  for (models::Timings* simulated : {&paired.predicted, &paired.raw}) {
    add(*simulated, "switches_voluntary", "", 100.0);
    add(*simulated, "switches_voluntary", "main", 7.0);
    add(*simulated, "switches_voluntary", "pool-tasks", 20.0);
    add(*simulated, "switches_voluntary", "pool-0", 30.0);
    add(*simulated, "switches_voluntary", "pool-11", 33.0);
    add(*simulated, "switches_voluntary", "resource-tracker", 10.0);
  }
  add(paired.measured, "switches_voluntary", "", 80.0);
  add(paired.measured, "switches_voluntary", "main process", 30.0);
  add(paired.measured, "switches_voluntary", "worker processes", 50.0);
  const std::vector<PairedRun> runs{paired};
  const auto all = compare(runs, {.cpus = 2, .process_executors = {"pool"}});
  const auto predicted = [&](const char* entity) {
    const auto found = std::ranges::find_if(all, [&](const Comparison& one) {
      return one.name == "switches_voluntary" && one.entity == entity;
    });
    return found == all.end() ? -1.0 : found->predicted;
  };
  EXPECT_EQ(predicted("main process"), 27.0);
  EXPECT_EQ(predicted("worker processes"), 63.0);
  EXPECT_EQ(predicted(""), 90.0) << "nobody waits for the tracker, so nobody measures it";
}

TEST(Compare, throughput_is_what_was_done_over_the_makespan) {
  PairedRun paired = pair(200, 100, 100, 50);
  for (models::Timings* timings : {&paired.measured, &paired.predicted, &paired.raw}) {
    add(*timings, "tasks_done", "", 40.0);
  }
  const std::vector<PairedRun> runs{paired};
  const auto all = compare(runs, {.cpus = 2});
  EXPECT_NEAR(named(all, "throughput").measured, 200.0, 1e-6);
  EXPECT_NEAR(*named(all, "throughput").error, 1.0, 1e-9);
}

}  // namespace
}  // namespace timeslice::validation
