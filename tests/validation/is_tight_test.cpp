// When a point has been run often enough.
#include <cstdint>

#include <gtest/gtest.h>

#include "validation/native_side.hpp"

namespace timeslice::validation {
namespace {

using namespace std::chrono_literals;

TEST(IsTight, runs_that_differ_by_more_than_their_speed_need_more_of_them) {
  Trials trials;
  const auto add = [&](sim::Duration makespan, std::int64_t used_ns) {
    AcceptedTrial& trial = trials.accepted.emplace_back();
    trial.run.timings.makespan = makespan;
    trial.run.samples.push_back({.used_ns = used_ns, .nominal_ns = 10'000'000});
  };
  for (int i = 0; i < 6; ++i) {
    add(i % 2 == 0 ? 10ms : 17ms, i % 2 == 0 ? 10'000'000 : 17'000'000);
  }
  EXPECT_TRUE(is_tight(trials, 0.01)) << "slow CPUs explain it";
  EXPECT_FALSE(is_tight(trials, 0.0)) << "not asked for";
  add(14ms, 10'000'000);
  EXPECT_FALSE(is_tight(trials, 0.05));
  trials.accepted.resize(4);
  EXPECT_FALSE(is_tight(trials, 0.5)) << "too few";
}

}  // namespace
}  // namespace timeslice::validation
