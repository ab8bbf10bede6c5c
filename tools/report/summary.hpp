// Replications of one point condensed: mean and 95 % confidence interval of each metric.
//
// Intervals are Student's t on the replication means. Quantile metrics (task_latency_p50, ...) are
// taken over the pooled latencies of all replications; their interval is a bootstrap over
// replications with a fixed seed. Cost: one pass, plus a sort for quantiles.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "models/work/timings.hpp"
#include "scenarios/format/load.hpp"

namespace timeslice::tools {

struct SummaryMetric {
  std::string name;
  std::string entity;
  std::string unit;
  double mean = 0.0;
  std::optional<double> low = {};  // nothing where n = 1
  std::optional<double> high = {};
  std::uint64_t n = 0;
};

/// Of the runs with status ok, ordered by name, then entity. Values that are not finite are
/// skipped.
[[nodiscard]] std::vector<SummaryMetric> summarise(std::span<const models::Timings> runs);

/// Half the width of the 95 % interval of the makespan's mean, as a part of it: nothing where a run
/// failed, or less than two ran.
[[nodiscard]] std::optional<double> makespan_precision(std::span<const models::Timings> runs);

/// Whether `metric` is a quantile over pooled replications, which no mean of runs can replace.
[[nodiscard]] bool is_pooled(const SummaryMetric& metric);

/// One point of a sweep, finished or interrupted.
struct PointOutcome {
  scenarios::Point point;
  std::vector<models::Timings> runs;   // in the order of their repetitions
  std::vector<std::int64_t> wall_ns;   // of each run: how long the simulation took
  std::vector<SummaryMetric> metrics;  // over the runs with status ok
  std::vector<std::string> warnings;   // scenario's and runs', without repeats
  std::string error;                   // the point could not be resolved: its diagnostics
  /// Which repetition each run is; empty: 0, 1, 2 ... A point that was resumed or interrupted has
  /// not all of them.
  std::vector<std::uint64_t> repetitions = {};
  bool complete = true;  // false: interrupted before its last repetition
};

[[nodiscard]] std::uint64_t repetition_of(const PointOutcome& outcome, std::size_t index);

/// A run that has ended while its point goes on.
struct FinishedRun {
  std::uint64_t repetition = 0;
  const models::Timings* timings = nullptr;  // not null
  std::int64_t wall_ns = 0;
};

}  // namespace timeslice::tools
