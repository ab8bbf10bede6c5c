// Student's t: the quantile behind every confidence interval, and the interval of a mean.
//
// Source: Abramowitz & Stegun, Handbook of Mathematical Functions, 26.7.3 and 26.7.4 (the exact
// finite series for whole degrees of freedom), solved by bisection; above 200 degrees 26.7.5 (the
// expansion around the normal quantile). Checked to 1e-6 against published tables, 1 to 1e6
// degrees. Cost: 60 x degrees / 2 multiplications, so at most 6000.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace timeslice::tools {

/// The t that holds 95 % between -t and t. Requires: degrees >= 1.
[[nodiscard]] double t_quantile_95(std::uint64_t degrees);

struct MeanInterval {
  double mean = 0.0;
  std::optional<double> low;  // nothing where there is one value
  std::optional<double> high;
};

/// Mean and 95 % confidence interval. Requires: values not empty.
[[nodiscard]] MeanInterval mean_interval(std::span<const double> values);

}  // namespace timeslice::tools
