#include "validation/references.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "sim/expect.hpp"
#include "validation/calibrate/quick.hpp"

namespace timeslice::validation {

namespace {

constexpr std::chrono::seconds longest_stretch{8};  // of native runs: a sixth of the time is ours

}  // namespace

References::References(const QuickCosts& first, Measure measure)
    : measure_{std::move(measure)}, measured_{first}, last_{std::chrono::steady_clock::now()} {}

References::References(std::vector<QuickCosts> measured) : measured_{std::move(measured)} {
  sim::expect(!measured_.empty(), "a session begins with a measurement");
}

void References::keep_up() {
  if (ran_since_ && std::chrono::steady_clock::now() - last_ >= longest_stretch) {
    measure();
  }
  ran_since_ = true;
}

void References::close() {
  if (ran_since_) {
    measure();
  }
}

void References::measure() {
  if (!measure_) {
    return;
  }
  if (const auto now = measure_()) {
    measured_.push_back(*now);
    ran_since_ = false;
  }
  last_ = std::chrono::steady_clock::now();
}

QuickCosts References::costs(std::size_t stretch) const {
  sim::expect(stretch < measured_.size(), "a run lies behind a measurement");
  const QuickCosts& before = measured_[stretch];
  return stretch + 1 < measured_.size() ? between(before, measured_[stretch + 1]) : before;
}

std::string References::note() const {
  if (measured_.size() < 2) {
    return {};
  }
  const auto [least, most] = std::ranges::minmax_element(measured_, {}, &QuickCosts::spawn_child);
  const auto ms = [](sim::Duration time) { return sim::as_ns(time) / 1e6; };
  return fmt::format(
      "costs of this host were measured {} times more between the runs, and each run is predicted "
      "with its own: a spawned child took {:.0f} to {:.0f} ms",
      measured_.size() - 1, ms(least->spawn_child), ms(most->spawn_child));
}

}  // namespace timeslice::validation
