// Claims of a scenario (`expect:`), checked against the metrics of its points.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/format/scenario.hpp"
#include "sim/result.hpp"

namespace timeslice::scenarios {

/// Mean of one metric at one point; replications in order, for pairing.
struct MetricSamples {
  std::string name;
  std::string entity;
  std::vector<double> values;    // by repetition; the mean is compared
  std::optional<double> pooled;  // quantiles over pooled replications: compared instead of the mean
};

struct PointMetrics {
  Params params;
  std::vector<MetricSamples> metrics;
};

struct Verdict {
  std::string rule;
  std::optional<bool> holds;  // nothing: not evaluated
  std::string actual;         // "1.25s", or why it was not evaluated
};

/// Checks the grammar alone.
[[nodiscard]] sim::Result<bool> check_expectation(std::string_view rule);

/// Evaluates one rule over all points. `complete`: every point of the plan is there; otherwise a
/// rule whose points are missing is not evaluated instead of an error.
[[nodiscard]] sim::Result<Verdict> evaluate_expectation(std::string_view rule,
                                                        const std::vector<PointMetrics>& points,
                                                        bool complete);

}  // namespace timeslice::scenarios
