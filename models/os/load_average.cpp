#include "models/os/load_average.hpp"

#include <algorithm>
#include <cstddef>

#include "sim/expect.hpp"
#include "sim/math.hpp"

namespace timeslice::models {

namespace {

constexpr std::int64_t unit_ns = 1024;
constexpr std::size_t windows = 32;  // of 1024 units: one half-life
constexpr std::size_t window_units = 1024;
constexpr std::int64_t half_lives_max = 60;  // then nothing is left

struct Tables {
  std::array<double, windows> by_window{};
  std::array<double, window_units> by_unit{};

  Tables() {
    for (std::size_t i = 0; i < windows; ++i) {
      by_window[i] = sim::pow(0.5, static_cast<double>(i) / windows);
    }
    for (std::size_t i = 0; i < window_units; ++i) {
      by_unit[i] = sim::pow(0.5, static_cast<double>(i) / (windows * window_units));
    }
  }
};

const Tables& tables() {
  static const Tables built;
  return built;
}

double blend(double past, double present, double kept) {
  return present + (past - present) * kept;
}

}  // namespace

double remembered(std::int64_t units) {
  constexpr auto per_half_life = static_cast<std::int64_t>(windows * window_units);
  const std::int64_t half_lives = units / per_half_life;
  if (half_lives >= half_lives_max) {
    return 0.0;
  }
  const auto rest = static_cast<std::size_t>(units % per_half_life);
  const double fraction =
      tables().by_window[rest / window_units] * tables().by_unit[rest % window_units];
  return fraction / static_cast<double>(std::uint64_t{1} << static_cast<unsigned>(half_lives));
}

void LoadAverage::settle(std::int64_t now_ns) {
  sim::expect(now_ns >= at_, "a mean is not asked for in the past");
  const std::int64_t units = (now_ns - at_) / unit_ns;
  if (units == 0) {
    return;
  }
  at_ += units * unit_ns;
  const double kept = remembered(units);
  mean_ = {.running = blend(mean_.running, present_.running, kept),
           .able = blend(mean_.able, present_.able, kept),
           .load = blend(mean_.load, present_.load, kept)};
}

void LoadAverage::change(const Activity& by) {
  present_.running += by.running;
  present_.able += by.able;
  present_.load += by.load;
}

void LoadAverage::add(const LoadAverage& other) {
  change(other.present_);
  mean_.running += other.mean_.running;
  mean_.able += other.mean_.able;
  mean_.load += other.mean_.load;
}

/// What is left is not negative: rounding, and the microseconds that were not settled yet.
void LoadAverage::remove(const LoadAverage& other) {
  change({.running = -other.present_.running,
          .able = -other.present_.able,
          .load = -other.present_.load});
  mean_.running = std::max(0.0, mean_.running - other.mean_.running);
  mean_.able = std::max(0.0, mean_.able - other.mean_.able);
  mean_.load = std::max(0.0, mean_.load - other.mean_.load);
}

}  // namespace timeslice::models
