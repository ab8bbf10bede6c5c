// The draws of the scenario generator: counter-based, so that a scenario depends on the seed, its
// number and the attempt alone. Cost: one Philox block a draw.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "sim/random.hpp"

namespace timeslice::validation {

class Dice {
 public:
  /// Draws of one attempt at scenario `number` of the set with `seed`.
  Dice(std::uint64_t seed, std::uint32_t number, std::uint32_t attempt)
      : random_{seed}, number_{number}, attempt_{attempt} {}

  [[nodiscard]] double uniform(double low, double high);
  /// Uniform in the logarithm. Requires: 0 < low.
  [[nodiscard]] double log_uniform(double low, double high);
  /// One of low .. high, both included.
  [[nodiscard]] std::uint64_t whole(std::uint64_t low, std::uint64_t high);
  [[nodiscard]] bool chance(double probability);

  /// One of `choices`, all alike. Requires: there is one.
  template <typename Choice, std::size_t n>
  [[nodiscard]] Choice pick(const Choice (&choices)[n]) {
    return choices[whole(0, n - 1)];
  }

 private:
  sim::DrawKey next();

  sim::Random random_;
  std::uint32_t number_;
  std::uint32_t attempt_;
  std::uint32_t count_ = 0;
};

}  // namespace timeslice::validation
