#include "sim/histogram.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

#include "sim/random.hpp"

namespace timeslice::sim {
namespace {

using namespace std::chrono_literals;

Duration exact_quantile(const std::vector<Duration>& sorted, double p) {
  const auto rank = static_cast<std::size_t>(std::ceil(p * static_cast<double>(sorted.size())));
  return sorted[std::max<std::size_t>(rank, 1) - 1];
}

TEST(Histogram, its_quantiles_are_within_one_percent_of_a_full_sort) {
  const Random random{6};
  for (const double scale : {3.0, 1e3, 1e6, 1e10, 1e15}) {
    Histogram histogram;
    std::vector<Duration> values;
    for (std::uint32_t i = 0; i < 20'000; ++i) {
      const double heavy_tail = std::exp(2 * random.normal({.task = i}));
      values.emplace_back(static_cast<std::int64_t>(scale * heavy_tail));
      histogram.add(values.back());
    }
    std::ranges::sort(values);
    for (const double p : {0.0, 0.001, 0.1, 0.25, 0.5, 0.9, 0.99, 0.999, 1.0}) {
      const double want = static_cast<double>(exact_quantile(values, p).count());
      const double got = static_cast<double>(histogram.quantile(p).count());
      EXPECT_LE(std::abs(got - want), Histogram::relative_error * want) << scale << " at " << p;
    }
  }
  EXPECT_LE(Histogram::relative_error, 0.01);
}

TEST(Histogram, small_values_count_minimum_maximum_and_mean_are_exact) {
  Histogram histogram;
  EXPECT_EQ(histogram.count(), 0U);
  EXPECT_EQ(histogram.quantile(0.5), 0ns);
  EXPECT_EQ(histogram.min(), 0ns);
  for (const auto value : {7ns, 3ns, 5ns, 61ns}) {
    histogram.add(value);
  }
  EXPECT_EQ(histogram.count(), 4U);
  EXPECT_EQ(histogram.min(), 3ns);
  EXPECT_EQ(histogram.max(), 61ns);
  EXPECT_DOUBLE_EQ(histogram.mean_ns(), 19.0);
  EXPECT_EQ(histogram.quantile(0.5), 5ns);
  EXPECT_EQ(histogram.quantile(0.51), 7ns);
  EXPECT_EQ(histogram.quantile(1.0), 61ns);
}

TEST(Histogram, it_takes_the_longest_duration_there_is) {
  Histogram histogram;
  histogram.add(Duration::max());
  histogram.add(Duration::max());
  EXPECT_EQ(histogram.quantile(0.5), Duration::max());
  EXPECT_DOUBLE_EQ(histogram.mean_ns(), static_cast<double>(INT64_MAX));
}

TEST(Histogram, merging_two_is_the_same_as_filling_one) {
  const Random random{8};
  Histogram all;
  Histogram even;
  Histogram odd;
  for (std::uint32_t i = 0; i < 10'000; ++i) {
    const Duration value{static_cast<std::int64_t>(random.below({.task = i}, 1'000'000'000))};
    all.add(value);
    (i % 2 == 0 ? even : odd).add(value);
  }
  even.merge(odd);
  EXPECT_EQ(even.count(), all.count());
  EXPECT_EQ(even.min(), all.min());
  EXPECT_EQ(even.max(), all.max());
  EXPECT_EQ(even.mean_ns(), all.mean_ns());
  for (int percent = 0; percent <= 100; ++percent) {
    EXPECT_EQ(even.quantile(percent / 100.0), all.quantile(percent / 100.0));
  }
}

}  // namespace
}  // namespace timeslice::sim
