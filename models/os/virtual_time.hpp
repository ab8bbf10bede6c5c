// Virtual time of the fair policies: run time divided by weight, in integers, and its exact
// average.
//
// One nanosecond of run time at weight 1024 is 64 units; at weight w it is 65536 / w of them. What
// the division leaves over is carried to the next charge, so that it does not matter into how many
// pieces a run is cut. An entity of weight 2 that ran alone could be followed for 78 hours.
// Cost: a division to advance; a division for an average.
#pragma once

#include <cstdint>

#include "sim/time.hpp"

namespace timeslice::models {

/// Room for products of a weight and a virtual time, summed over a queue.
__extension__ using WideInteger = __int128;

using VirtualTime = std::int64_t;

constexpr std::int64_t nice_0_weight = 1024;

/// Units of 1 ns of run time, times the weight.
constexpr std::int64_t virtual_unit = 64 * nice_0_weight;

/// Rounded towards minus infinity.
[[nodiscard]] constexpr std::int64_t divide_down(WideInteger dividend, std::int64_t divisor) {
  const auto narrow = static_cast<std::int64_t>(dividend);
  if (narrow == dividend) [[likely]] {
    return narrow / divisor - (narrow % divisor < 0 ? 1 : 0);
  }
  const WideInteger quotient = dividend / divisor;
  return static_cast<std::int64_t>(quotient) - (dividend % divisor < 0 ? 1 : 0);
}

/// value * numerator / denominator, rounded down.
[[nodiscard]] constexpr std::int64_t scale(std::int64_t value, std::int64_t numerator,
                                           std::int64_t denominator) {
  return divide_down(WideInteger{value} * numerator, denominator);
}

/// How far `length` of run time takes an entity of `weight`, rounded down.
[[nodiscard]] constexpr VirtualTime virtual_length(sim::Duration length, std::int64_t weight) {
  return scale(length.count(), virtual_unit, weight);
}

/// Run time in which an entity of `weight` goes `distance`, rounded up.
[[nodiscard]] constexpr sim::Duration run_time(VirtualTime distance, std::int64_t weight) {
  return sim::Duration{-scale(-distance, weight, virtual_unit)};
}

/// The virtual time of one entity.
struct VirtualClock {
  VirtualTime time = 0;
  std::uint32_t weight = 1;
  std::uint32_t left_over = 0;  // of the last division; below `weight`

  /// Goes on by `ran` of run time; returns by how much.
  VirtualTime advance(sim::Duration ran) {
    const WideInteger product = WideInteger{ran.count()} * virtual_unit + left_over;
    const std::int64_t by = divide_down(product, weight);
    left_over = static_cast<std::uint32_t>(product - WideInteger{by} * weight);
    time += by;
    return by;
  }

  /// Least run time after which `time` is at `goal` or beyond; not positive if it is already.
  [[nodiscard]] sim::Duration until(VirtualTime goal) const {
    return sim::Duration{-divide_down(left_over - WideInteger{goal - time} * weight, virtual_unit)};
  }

  void stand_at(VirtualTime there) {
    time = there;
    left_over = 0;
  }
};

/// The average of virtual times by weight, exact: a sum over all that are present.
class WeightedAverage {
 public:
  void add(VirtualTime time, std::int64_t weight) {
    weight_ += weight;
    advance(time - base_, weight);
  }

  void remove(VirtualTime time, std::int64_t weight) {
    const VirtualTime last = value();
    advance(base_ - time, weight);
    weight_ -= weight;
    if (weight_ == 0) {
      base_ = last;  // an empty queue remembers where it was
      sum_ = 0;
    }
  }

  /// One of those present, of `weight`, goes on by `by`.
  void advance(VirtualTime by, std::int64_t weight) {
    sum_ += WideInteger{by} * weight;
    if (static_cast<std::int64_t>(sum_) != sum_) [[unlikely]] {
      const std::int64_t moved = divide_down(sum_, weight_);
      base_ += moved;
      sum_ -= WideInteger{moved} * weight_;
    }
  }

  /// Rounded down: an integer is at most the exact average if and only if it is at most this.
  [[nodiscard]] VirtualTime value() const {
    return weight_ == 0 ? base_ : base_ + divide_down(sum_, weight_);
  }

  [[nodiscard]] std::int64_t weight() const { return weight_; }

  /// weight() * (exact average - time); for exact checks.
  [[nodiscard]] WideInteger lag_times_weight(VirtualTime time) const {
    return sum_ - WideInteger{time - base_} * weight_;
  }

 private:
  WideInteger sum_ = 0;  // of weight * (time - base_)
  std::int64_t weight_ = 0;
  VirtualTime base_ = 0;
};

}  // namespace timeslice::models
