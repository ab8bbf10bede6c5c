// How much of its time slice each entity has left, for policies with one slice for all.
#pragma once

#include <algorithm>
#include <vector>

#include "models/ids.hpp"
#include "sim/expect.hpp"
#include "sim/time.hpp"

namespace timeslice::models {

class Quantum {
 public:
  /// Requires: slice > 0.
  explicit Quantum(sim::Duration slice) : slice_{slice} {
    sim::expect(slice_ > sim::Duration::zero(), "a time slice has a length");
  }

  void add_entity(EntityId entity) {
    left_.resize(std::max(left_.size(), index_of(entity) + 1), slice_);
  }

  [[nodiscard]] sim::Duration slice() const { return slice_; }
  [[nodiscard]] sim::Duration left(EntityId entity) const { return left_[index_of(entity)]; }
  void renew(EntityId entity) { left_[index_of(entity)] = slice_; }

  /// It ran; without rivals it goes on with the next slice, wherever in it we are.
  void charge(EntityId entity, sim::Duration ran, bool rivals) {
    sim::Duration& left = left_[index_of(entity)];
    if (ran < left) {
      left -= ran;
    } else {
      left = rivals ? sim::Duration::zero() : slice_ - (ran - left) % slice_;
    }
  }

 private:
  sim::Duration slice_;
  std::vector<sim::Duration> left_;  // by entity
};

}  // namespace timeslice::models
