#include "validation/holdout/dice.hpp"

#include "sim/math.hpp"

namespace timeslice::validation {

double Dice::uniform(double low, double high) {
  return low + (high - low) * random_.uniform(next());
}

double Dice::log_uniform(double low, double high) {
  return sim::exp(uniform(sim::log(low), sim::log(high)));
}

std::uint64_t Dice::whole(std::uint64_t low, std::uint64_t high) {
  return low + random_.below(next(), high - low + 1);
}

bool Dice::chance(double probability) {
  return random_.uniform(next()) < probability;
}

sim::DrawKey Dice::next() {
  static const std::uint32_t who = sim::hash_name32("holdout");
  return {.task = who, .item = number_, .step = attempt_, .count = count_++};
}

}  // namespace timeslice::validation
