#include "models/work/distribution.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "models/work/draws.hpp"

namespace timeslice::models {
namespace {

using namespace std::chrono_literals;

struct Moments {
  double mean = 0.0;
  double deviation = 0.0;
};

constexpr std::uint32_t draws = 200'000;

Moments moments(const Distribution& distribution) {
  const sim::Random random{7};
  double sum = 0.0;
  double squares = 0.0;
  for (std::uint32_t item = 0; item < draws; ++item) {
    const auto value =
        static_cast<double>(sample(distribution, random, {.task = 1, .item = item}).count());
    sum += value;
    squares += value * value;
  }
  const double mean = sum / draws;
  return {.mean = mean, .deviation = std::sqrt(squares / draws - mean * mean)};
}

TEST(Distribution, a_constant_is_always_itself) {
  const sim::Random random{1};
  EXPECT_EQ(sample(constant(5ms), random, {}), sim::Duration{5ms});
  EXPECT_EQ(mean_ns(constant(5ms)), 5e6);
}

TEST(Distribution, an_exponential_has_its_mean_as_mean_and_as_deviation) {
  const Moments found = moments({.kind = DistributionKind::exponential, .first_ns = 1e6});
  EXPECT_NEAR(found.mean, 1e6, 0.01e6);
  EXPECT_NEAR(found.deviation, 1e6, 0.01e6);
}

TEST(Distribution, a_uniform_lies_between_its_bounds) {
  const Distribution distribution{
      .kind = DistributionKind::uniform, .first_ns = 1e6, .second = 3e6};
  const Moments found = moments(distribution);
  EXPECT_NEAR(found.mean, 2e6, 0.01e6);
  EXPECT_NEAR(found.deviation, 2e6 / std::sqrt(12.0), 0.01e6);
  EXPECT_EQ(mean_ns(distribution), 2e6);
}

TEST(Distribution, a_lognormal_has_the_mean_and_the_coefficient_of_variation_that_it_names) {
  const Moments found =
      moments({.kind = DistributionKind::lognormal, .first_ns = 40e6, .second = 0.6});
  EXPECT_NEAR(found.mean, 40e6, 0.4e6);
  EXPECT_NEAR(found.deviation / found.mean, 0.6, 0.02);
}

TEST(Distribution, a_pareto_has_the_mean_that_it_names) {
  const Moments found = moments({.kind = DistributionKind::pareto, .first_ns = 3e6, .second = 3.0});
  EXPECT_NEAR(found.mean, 3e6, 0.05e6);
}

TEST(Distribution, a_normal_is_cut_at_zero) {
  const Distribution wide{.kind = DistributionKind::normal, .first_ns = 1e6, .second = 1e6};
  const sim::Random random{3};
  std::uint32_t zeros = 0;
  for (std::uint32_t item = 0; item < 10'000; ++item) {
    const sim::Duration value = sample(wide, random, {.task = 1, .item = item});
    ASSERT_GE(value, sim::Duration::zero());
    zeros += value == sim::Duration::zero() ? 1U : 0U;
  }
  EXPECT_NEAR(zeros / 10'000.0, 0.1587, 0.015) << "the share of a normal below mean - deviation";
}

TEST(Distribution, an_empirical_one_draws_its_values_equally_often) {
  const Distribution measured{.kind = DistributionKind::empirical, .values_ns = {1e6, 2e6, 6e6}};
  EXPECT_NEAR(moments(measured).mean, 3e6, 0.02e6);
  EXPECT_EQ(mean_ns(measured), 3e6);
}

TEST(Draws, equal_keys_draw_equal_values_and_others_do_not) {
  const sim::Random random{1};
  const Distribution spread{.kind = DistributionKind::uniform, .first_ns = 0, .second = 1e9};
  const DrawScope scope{.task = task_key("page"), .item = 3, .count = 0};
  const sim::Duration one = sample(spread, random, draw_key(scope, 2));
  EXPECT_EQ(one, sample(spread, random, draw_key(scope, 2)));
  EXPECT_NE(one, sample(spread, random, draw_key(scope, 1)));
  EXPECT_NE(one, sample(spread, random, draw_key(loop_scope(scope, 0), 2)));
  EXPECT_NE(one, sample(spread, random, draw_key(call_scope(scope, 0, scope.task), 2)));
}

TEST(Draws, every_turn_of_nested_loops_has_a_scope_of_its_own) {
  const DrawScope outer{.task = 1, .item = 2, .count = 0};
  std::vector<std::uint32_t> counts{0};
  for (std::uint64_t i = 0; i < 100; ++i) {
    counts.push_back(loop_scope(outer, i).count);
    for (std::uint64_t j = 0; j < 100; ++j) {
      counts.push_back(loop_scope(loop_scope(outer, i), j).count);
    }
  }
  std::ranges::sort(counts);
  EXPECT_EQ(std::ranges::adjacent_find(counts), counts.end());
}

}  // namespace
}  // namespace timeslice::models
