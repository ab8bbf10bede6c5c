#include "validation/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <utility>

#include "sim/expect.hpp"

namespace timeslice::validation {

double quantile(std::vector<double> values, double p) {
  sim::expect(!values.empty() && p >= 0.0 && p <= 1.0, "a quantile is taken of some values");
  std::ranges::sort(values);
  const double place = p * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, values.size() - 1);
  const double weight = place - static_cast<double>(below);
  return values[below] + weight * (values[above] - values[below]);
}

double median(std::vector<double> values) {
  return quantile(std::move(values), 0.5);
}

double mean(const std::vector<double>& values) {
  sim::expect(!values.empty(), "a mean is taken of some values");
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double coefficient_of_variation(const std::vector<double>& values) {
  if (values.size() < 2 || mean(values) == 0.0) {
    return 0.0;
  }
  const double centre = mean(values);
  double squares = 0.0;
  for (const double value : values) {
    squares += (value - centre) * (value - centre);
  }
  return std::sqrt(squares / static_cast<double>(values.size() - 1)) / centre;
}

}  // namespace timeslice::validation
