// How long something takes: a constant or a random duration.
//
// A sample is a pure function of the run seed and a key (task, item, step, count), so two designs
// see the same work. Cost: one counter-based draw, no state.
#pragma once

#include <vector>

#include "sim/random.hpp"
#include "sim/time.hpp"

namespace timeslice::models {

enum class DistributionKind {
  constant,
  exponential,
  uniform,
  normal,
  lognormal,
  pareto,
  empirical
};

/// A distribution of durations. Samples below zero are cut to zero (normal only).
struct Distribution {
  DistributionKind kind = DistributionKind::constant;
  /// First parameter [ns]: the value (constant), mean (exponential, normal, lognormal),
  /// lower end (uniform), or mean (pareto).
  double first_ns = 0.0;
  /// Second parameter: upper end [ns] (uniform), standard deviation [ns] (normal), coefficient of
  /// variation [ratio] (lognormal), tail index a > 1 [ratio] (pareto).
  double second = 0.0;
  /// Measured durations [ns], each equally likely (empirical). Not empty for that kind.
  std::vector<double> values_ns{};
};

/// A constant duration.
[[nodiscard]] Distribution constant(sim::Duration duration);

/// One draw, rounded to whole nanoseconds, never negative.
[[nodiscard]] sim::Duration sample(const Distribution& distribution, const sim::Random& random,
                                   const sim::DrawKey& key);

/// The least value that can come out, before rounding and cutting [ns].
[[nodiscard]] double least_ns(const Distribution& distribution);

/// The exact mean before rounding and cutting [ns].
[[nodiscard]] double mean_ns(const Distribution& distribution);

}  // namespace timeslice::models
