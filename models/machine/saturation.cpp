#include "models/machine/saturation.hpp"

#include <algorithm>
#include <cmath>

#include "sim/expect.hpp"

namespace timeslice::models {

namespace {

double fourth_power(double value) {
  const double square = value * value;
  return square * square;
}

double fourth_root(double value) {
  return std::sqrt(std::sqrt(value));
}

}  // namespace

double demand_of(double rate, double capacity) {
  sim::expect(rate >= 0.0 && capacity > 0.0, "a demand is on a capacity");
  const double part = std::min(rate / capacity, most_of_capacity);
  return capacity * part / fourth_root(1.0 - fourth_power(part));
}

double delivered(double demand, double capacity) {
  sim::expect(demand >= 0.0 && capacity > 0.0, "a demand is on a capacity");
  return demand / fourth_root(1.0 + fourth_power(demand / capacity));
}

double delivered_to_equals(double users, double rate, double capacity) {
  sim::expect(users >= 1.0, "somebody uses the resource");
  return delivered(users * demand_of(rate, capacity), capacity);
}

void SaturatingResource::join(double rate) {
  ++users_;
  rates_ += rate;
  demands_ += capacity_ > 0.0 ? demand_of(rate, capacity_) : 0.0;
}

void SaturatingResource::leave(double rate) {
  sim::expect(users_ > 0, "who leaves a resource has joined it");
  --users_;
  if (users_ == 0) {
    rates_ = 0.0;  // no rounding is left over
    demands_ = 0.0;
    return;
  }
  rates_ = std::max(rates_ - rate, 0.0);
  demands_ -= capacity_ > 0.0 ? demand_of(rate, capacity_) : 0.0;
  demands_ = std::max(demands_, 0.0);
}

double SaturatingResource::slowdown() const {
  if (capacity_ == 0.0 || users_ < 2 || demands_ == 0.0) {
    return 1.0;
  }
  return std::max(1.0, rates_ / delivered(demands_, capacity_));
}

double SaturatingResource::load() const {
  return capacity_ == 0.0 ? 0.0 : std::min(delivered(demands_, capacity_) / capacity_, 1.0);
}

}  // namespace timeslice::models
