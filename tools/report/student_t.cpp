#include "tools/report/student_t.hpp"

#include <cmath>
#include <numbers>

#include "sim/expect.hpp"

namespace timeslice::tools {
namespace {

/// P(-t < T < t) for tan(theta) = t / sqrt(degrees).
double central_probability(double theta, std::uint64_t degrees) {
  const double cosine = std::cos(theta);
  const bool odd = degrees % 2 == 1;
  double term = odd ? cosine : 1.0;
  double sum = 0.0;
  for (std::uint64_t k = odd ? 1 : 0; k + 2 <= degrees; k += 2) {
    sum += term;
    const auto next = static_cast<double>(k);
    term *= cosine * cosine * (next + 1.0) / (next + 2.0);
  }
  const double series = std::sin(theta) * sum;
  return odd ? 2.0 / std::numbers::pi * (theta + series) : series;
}

double expansion_95(double degrees) {
  constexpr double z = 1.959963984540054;  // normal quantile at 0.975
  const double z3 = z * z * z;
  const double z5 = z3 * z * z;
  const double z7 = z5 * z * z;
  const double g1 = (z3 + z) / 4.0;
  const double g2 = (5.0 * z5 + 16.0 * z3 + 3.0 * z) / 96.0;
  const double g3 = (3.0 * z7 + 19.0 * z5 + 17.0 * z3 - 15.0 * z) / 384.0;
  return z + g1 / degrees + g2 / (degrees * degrees) + g3 / (degrees * degrees * degrees);
}

}  // namespace

double t_quantile_95(std::uint64_t degrees) {
  sim::expect(degrees >= 1, "an interval needs at least one degree of freedom");
  if (degrees > 200) {
    return expansion_95(static_cast<double>(degrees));
  }
  double low = 0.0;
  double high = std::numbers::pi / 2.0;
  for (int step = 0; step < 60; ++step) {
    const double middle = (low + high) / 2.0;
    (central_probability(middle, degrees) < 0.95 ? low : high) = middle;
  }
  return std::tan(low) * std::sqrt(static_cast<double>(degrees));
}

MeanInterval mean_interval(std::span<const double> values) {
  sim::expect(!values.empty(), "a mean needs a value");
  const auto n = static_cast<double>(values.size());
  double sum = 0.0;
  for (const double value : values) {
    sum += value;
  }
  MeanInterval result{.mean = sum / n, .low = {}, .high = {}};
  if (values.size() == 1) {
    return result;
  }
  double squares = 0.0;
  for (const double value : values) {
    squares += (value - result.mean) * (value - result.mean);
  }
  const double half =
      t_quantile_95(values.size() - 1) * std::sqrt(squares / (n - 1.0)) / std::sqrt(n);
  result.low = result.mean - half;
  result.high = result.mean + half;
  return result;
}

}  // namespace timeslice::tools
