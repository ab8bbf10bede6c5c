#include "tools/report/summary.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tools/report/pooled_quantile.hpp"

namespace timeslice::tools {
namespace {

models::Timings run_with(std::vector<models::Metric> metrics) {
  models::Timings run;
  run.metrics = std::move(metrics);
  return run;
}

const SummaryMetric& find(const std::vector<SummaryMetric>& all, const std::string& name) {
  const auto found = std::ranges::find(all, name, &SummaryMetric::name);
  EXPECT_NE(found, all.end()) << name;
  return *found;
}

TEST(Summary, runs_that_failed_do_not_count) {
  std::vector<models::Timings> runs(3, run_with({{"makespan", "", "ns", 10.0}}));
  runs[1].status = models::RunStatus::deadlock;
  runs[1].metrics[0].value = 1e12;
  const auto metrics = summarise(runs);
  ASSERT_EQ(metrics.size(), 1U);
  EXPECT_EQ(metrics[0].n, 2U);
  EXPECT_EQ(metrics[0].mean, 10.0);
}

TEST(Summary, values_that_are_not_finite_do_not_count) {
  const std::vector runs{
      run_with({{"ipc_bytes", "pool", "B", 4.0}}),
      run_with({{"ipc_bytes", "pool", "B", std::numeric_limits<double>::quiet_NaN()}})};
  const auto metrics = summarise(runs);
  ASSERT_EQ(metrics.size(), 1U);
  EXPECT_EQ(metrics[0].n, 1U);
  EXPECT_FALSE(metrics[0].low.has_value());
}

TEST(Summary, metrics_come_ordered_by_name_and_entity_with_their_units) {
  const std::vector runs{run_with({{"switches_voluntary", "b", "count", 1.0},
                                   {"switches_voluntary", "a", "count", 2.0},
                                   {"makespan", "", "ns", 3.0}})};
  const auto metrics = summarise(runs);
  ASSERT_EQ(metrics.size(), 3U);
  EXPECT_EQ(metrics[0].name, "makespan");
  EXPECT_EQ(metrics[0].unit, "ns");
  EXPECT_EQ(metrics[1].entity, "a");
  EXPECT_EQ(metrics[2].entity, "b");
}

TEST(Summary, no_runs_give_no_metrics) {
  EXPECT_TRUE(summarise({}).empty());
}

TEST(Summary, latency_quantiles_are_taken_over_the_pooled_replications) {
  // One replication is fast, one slow: the mean of their medians (505) is nobody's latency.
  std::vector<models::Timings> runs;
  for (const std::int64_t base : {0, 1000}) {
    models::Timings run = run_with({{"task_latency_p50", "page", "ns", double(base + 5)},
                                    {"task_latency_p99", "page", "ns", double(base + 10)}});
    run.latencies.push_back({"page", {}});
    for (std::int64_t i = 1; i <= 10; ++i) {
      run.latencies[0].nanoseconds.push_back(base + i);
    }
    runs.push_back(run);
  }
  const auto metrics = summarise(runs);
  EXPECT_EQ(find(metrics, "task_latency_p50").mean, 10.0);
  EXPECT_EQ(find(metrics, "task_latency_p99").mean, 1010.0);
  EXPECT_EQ(find(metrics, "task_latency_p99").n, 2U);
  EXPECT_LE(*find(metrics, "task_latency_p50").low, 10.0);
  EXPECT_GE(*find(metrics, "task_latency_p50").high, 10.0);
}

TEST(Summary, a_latency_quantile_of_one_run_stays_as_the_model_gave_it) {
  models::Timings run = run_with({{"task_latency_p95", "page", "ns", 77.0}});
  run.latencies.push_back({"page", {1, 2, 3}});
  const auto metrics = summarise(std::vector{run});
  ASSERT_EQ(metrics.size(), 1U);
  EXPECT_EQ(metrics[0].mean, 77.0);
}

TEST(PooledQuantiles, agree_with_a_full_sort_on_random_data) {
  std::mt19937_64 draw{7};
  for (int round = 0; round < 12; ++round) {
    std::vector<std::vector<std::int64_t>> runs(1 + draw() % 5);
    std::vector<std::int64_t> all;
    for (auto& run : runs) {
      run.resize(1 + draw() % 40);
      std::ranges::generate(run, [&] { return static_cast<std::int64_t>(draw() % 50); });
      all.insert(all.end(), run.begin(), run.end());
    }
    std::ranges::sort(all);
    const PooledQuantiles quantiles{runs};
    for (const std::size_t percent : {1U, 50U, 95U, 99U, 100U}) {
      const std::size_t rank = (percent * all.size() + 99) / 100;
      EXPECT_EQ(quantiles.at(static_cast<double>(percent) / 100.0).value, all[rank - 1])
          << "round " << round << ", " << percent << " %";
    }
  }
}

TEST(PooledQuantiles, the_interval_is_the_same_each_time_and_holds_the_value) {
  std::vector<std::vector<std::int64_t>> runs(8, std::vector<std::int64_t>(100));
  for (std::size_t r = 0; r < runs.size(); ++r) {
    std::iota(runs[r].begin(), runs[r].end(), static_cast<std::int64_t>(50 * r));
  }
  const auto first = PooledQuantiles{runs}.at(0.95);
  const auto second = PooledQuantiles{runs}.at(0.95);
  EXPECT_EQ(first.low, second.low);
  EXPECT_EQ(first.high, second.high);
  EXPECT_LT(*first.low, first.value);
  EXPECT_GT(*first.high, first.value);
}

TEST(PooledQuantiles, equal_replications_leave_no_doubt) {
  const auto interval = PooledQuantiles{{{1, 2, 3, 4}, {4, 3, 2, 1}}}.at(0.5);
  EXPECT_EQ(interval.value, 2);
  EXPECT_EQ(*interval.low, 2);
  EXPECT_EQ(*interval.high, 2);
}

}  // namespace
}  // namespace timeslice::tools
