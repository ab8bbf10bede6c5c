// Dice for tests of random cases: the same seed and salt throw the same numbers, everywhere.
#pragma once

#include <cstdint>

#include "sim/random.hpp"
#include "sim/time.hpp"

namespace timeslice::cases {

class Dice {
 public:
  /// `salt` tells the draws of one test from another's and from the simulated program's.
  Dice(std::uint64_t seed, std::uint32_t salt) : random_{seed}, salt_{salt} {}

  std::uint64_t below(std::uint64_t n) {
    return random_.below({.task = salt_, .count = ++thrown_}, n);
  }
  std::uint32_t roll(std::uint32_t sides) { return static_cast<std::uint32_t>(below(sides)); }
  sim::Duration up_to(sim::Duration most) {
    return sim::Duration{
        static_cast<std::int64_t>(below(static_cast<std::uint64_t>(most.count())))};
  }

 private:
  sim::Random random_;
  std::uint32_t salt_;
  std::uint32_t thrown_ = 0;
};

}  // namespace timeslice::cases
