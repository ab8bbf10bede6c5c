#include "models/machine/smt.hpp"

#include <algorithm>
#include <cmath>

#include "models/machine/saturation.hpp"
#include "sim/expect.hpp"

namespace timeslice::models {

namespace {

/// Rounds three times, where the square of a square rounds twice: results hang on the last bit.
double product_of_four(double value) {
  return value * value * value * value;
}

}  // namespace

double core_use_of_gain(double gain) {
  sim::expect(gain >= 1.0 && gain <= 2.0, "two threads do 1 to 2 times the work of one");
  return std::sqrt(std::sqrt((product_of_four(2.0 / gain) - 1.0) / 15.0));
}

double smt_gain_of(double use, double threads) {
  sim::expect(use >= 0.0 && use <= 1.0, "a thread uses a part of its core");
  const double more = product_of_four(threads) - 1.0;
  return threads / std::sqrt(std::sqrt(1.0 + more * product_of_four(use)));
}

double smt_speed(std::span<const double> uses) {
  if (uses.size() < 2) {
    return 1.0;
  }
  double asked = 0.0;
  double alone = 0.0;
  for (const double use : uses) {
    asked += demand_of(use, 1.0);
    alone += std::min(use, most_of_capacity);
  }
  return alone == 0.0 ? 1.0 : std::min(1.0, delivered(asked, 1.0) / alone);
}

}  // namespace timeslice::models
