// The few statistics that validation needs, over samples in memory.
#pragma once

#include <vector>

namespace timeslice::validation {

/// Quantile by linear interpolation between order statistics (type 7 of Hyndman and Fan, 1996).
/// Requires: values not empty, 0 <= p <= 1. Costs a sort.
[[nodiscard]] double quantile(std::vector<double> values, double p);
[[nodiscard]] double median(std::vector<double> values);
[[nodiscard]] double mean(const std::vector<double>& values);

/// Sample standard deviation over mean; 0 for fewer than 2 values or mean 0.
[[nodiscard]] double coefficient_of_variation(const std::vector<double>& values);

}  // namespace timeslice::validation
