#include "tools/report/summary.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <string_view>
#include <tuple>
#include <utility>

#include "tools/report/pooled_quantile.hpp"
#include "tools/report/student_t.hpp"

namespace timeslice::tools {
namespace {

struct Series {
  std::string unit;
  std::vector<double> values;
};
using SeriesByName = std::map<std::pair<std::string, std::string>, Series>;

bool is_counted(const models::Timings& run) {
  return run.status == models::RunStatus::ok;
}

SeriesByName collect(std::span<const models::Timings> runs) {
  SeriesByName all;
  for (const models::Timings& run : runs) {
    if (!is_counted(run)) {
      continue;
    }
    for (const models::Metric& metric : run.metrics) {
      if (std::isfinite(metric.value)) {
        Series& series = all[{metric.name, metric.entity}];
        series.unit = metric.unit;
        series.values.push_back(metric.value);
      }
    }
  }
  return all;
}

/// 0.99 of "task_latency_p99"; nothing for other names.
std::optional<double> latency_quantile(std::string_view name) {
  constexpr std::string_view prefix = "task_latency_p";
  if (!name.starts_with(prefix)) {
    return std::nullopt;
  }
  const std::string_view digits = name.substr(prefix.size());
  unsigned percent = 0;
  const auto [end, error] = std::from_chars(digits.begin(), digits.end(), percent);
  if (error != std::errc{} || end != digits.end() || percent == 0 || percent > 100) {
    return std::nullopt;
  }
  return percent / 100.0;
}

std::vector<std::vector<std::int64_t>> latencies_of(std::span<const models::Timings> runs,
                                                    const std::string& task) {
  std::vector<std::vector<std::int64_t>> all;
  for (const models::Timings& run : runs) {
    for (const auto& latencies : run.latencies) {
      if (is_counted(run) && latencies.task == task && !latencies.nanoseconds.empty()) {
        all.push_back(latencies.nanoseconds);
      }
    }
  }
  return all;
}

class LatencyPools {
 public:
  explicit LatencyPools(std::span<const models::Timings> runs) : runs_{runs} {}

  /// Replaces the mean of quantiles by the quantile of the pool, where replications are pooled.
  void refine(SummaryMetric& metric) {
    const auto q = latency_quantile(metric.name);
    if (!q || metric.n < 2) {
      return;
    }
    auto pool = pools_.find(metric.entity);
    if (pool == pools_.end()) {
      auto latencies = latencies_of(runs_, metric.entity);
      if (latencies.empty()) {
        return;
      }
      pool = pools_.try_emplace(metric.entity, std::move(latencies)).first;
    }
    const QuantileInterval interval = pool->second.at(*q);
    metric.mean = static_cast<double>(interval.value);
    metric.low.reset();
    metric.high.reset();
    if (interval.low && interval.high) {
      metric.low = static_cast<double>(*interval.low);
      metric.high = static_cast<double>(*interval.high);
    }
  }

 private:
  std::span<const models::Timings> runs_;
  std::map<std::string, PooledQuantiles> pools_;
};

}  // namespace

std::vector<SummaryMetric> summarise(std::span<const models::Timings> runs) {
  std::vector<SummaryMetric> metrics;
  LatencyPools pools{runs};
  for (auto& [key, series] : collect(runs)) {
    const MeanInterval interval = mean_interval(series.values);
    metrics.push_back({.name = key.first,
                       .entity = key.second,
                       .unit = series.unit,
                       .mean = interval.mean,
                       .low = interval.low,
                       .high = interval.high,
                       .n = series.values.size()});
    pools.refine(metrics.back());
  }
  return metrics;
}

std::uint64_t repetition_of(const PointOutcome& outcome, std::size_t index) {
  return index < outcome.repetitions.size() ? outcome.repetitions[index] : index;
}

std::optional<double> makespan_precision(std::span<const models::Timings> runs) {
  if (runs.size() < 2 || !std::ranges::all_of(runs, is_counted)) {
    return std::nullopt;
  }
  std::vector<double> makespans;
  makespans.reserve(runs.size());
  for (const models::Timings& run : runs) {
    makespans.push_back(static_cast<double>(run.makespan.count()));
  }
  const MeanInterval interval = mean_interval(makespans);
  const double half = (*interval.high - *interval.low) / 2.0;
  return interval.mean > 0.0 ? half / interval.mean : 0.0;
}

bool is_pooled(const SummaryMetric& metric) {
  return metric.n > 1 && latency_quantile(metric.name).has_value();
}

}  // namespace timeslice::tools
