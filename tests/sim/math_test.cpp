#include "sim/math.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include <gtest/gtest.h>

#include "sim/digest.hpp"
#include "sim/random.hpp"

namespace timeslice::sim {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

double relative_error(double got, double want) {
  return want == 0.0 ? std::abs(got) : std::abs(got / want - 1.0);
}

/// The greatest value of error(x) over x = draw(i).
template <typename Draw, typename ErrorOf>
double worst(Draw draw, ErrorOf error) {
  double most = 0;
  for (std::uint32_t i = 0; i < 100'000; ++i) {
    most = std::max(most, error(draw(i)));
  }
  return most;
}

double uniform(std::uint32_t i, double low, double high) {
  return low + (high - low) * Random{9}.uniform({.task = i});
}

TEST(Math, log_agrees_with_libm_over_the_whole_range) {
  const auto error = [](double x) { return relative_error(log(x), std::log(x)); };
  EXPECT_LT(worst([](auto i) { return uniform(i, 0.0, 1.0); }, error), 5e-16);
  EXPECT_LT(worst([](auto i) { return uniform(i, 0.99, 1.01); }, error), 5e-16);
  EXPECT_LT(worst([](auto i) { return std::exp(uniform(i, -708, 708)); }, error), 5e-16);
  EXPECT_LT(worst([](auto i) { return 1.0 + uniform(i, 0, 1e-9); }, error), 5e-16);
  EXPECT_LT(error(std::numeric_limits<double>::denorm_min()), 5e-16);
  EXPECT_LT(error(std::numeric_limits<double>::max()), 5e-16);
}

TEST(Math, log_knows_its_limits) {
  EXPECT_EQ(log(1.0), 0.0);
  EXPECT_EQ(log(0.0), -infinity);
  EXPECT_EQ(log(infinity), infinity);
  EXPECT_TRUE(std::isnan(log(-1.0)));
  EXPECT_TRUE(std::isnan(log(std::nan(""))));
}

TEST(Math, exp_agrees_with_libm_over_the_whole_range) {
  const auto error = [](double x) { return relative_error(exp(x), std::exp(x)); };
  EXPECT_LT(worst([](auto i) { return uniform(i, -1, 1); }, error), 5e-16);
  EXPECT_LT(worst([](auto i) { return uniform(i, -708, 709.78); }, error), 5e-16);
  EXPECT_LT(worst([](auto i) { return uniform(i, -1e-8, 1e-8); }, error), 5e-16);
}

TEST(Math, exp_knows_its_limits) {
  EXPECT_EQ(exp(0.0), 1.0);
  EXPECT_EQ(exp(710.0), infinity);
  EXPECT_EQ(exp(infinity), infinity);
  EXPECT_EQ(exp(-infinity), 0.0);
  EXPECT_EQ(exp(-746.0), 0.0);
  EXPECT_NEAR(exp(-740.0), std::exp(-740.0), 2 * std::numeric_limits<double>::denorm_min());
  EXPECT_TRUE(std::isnan(exp(std::nan(""))));
}

TEST(Math, pow_keeps_its_stated_error) {
  for (std::uint32_t i = 0; i < 100'000; ++i) {
    const double x = std::exp(uniform(2 * i, -10, 10));
    const double y = uniform(2 * i + 1, -30, 30);
    const double bound = (3 + std::abs(y * std::log(x))) * 3e-16;
    ASSERT_LT(relative_error(pow(x, y), std::pow(x, y)), bound) << x << " to the " << y;
  }
  EXPECT_EQ(pow(2.0, 0.0), 1.0);
  EXPECT_EQ(pow(0.0, 2.0), 0.0);
  EXPECT_EQ(pow(0.0, -1.0), infinity);
  EXPECT_EQ(pow(3.7, 1.0), 3.7);
  EXPECT_TRUE(std::isnan(pow(-1.0, 0.5)));
}

TEST(Math, normal_quantile_inverts_the_normal_distribution) {
  // d(log p)/dz is about -|z| in the tail: an error of z shows up |z| times as large in p.
  const auto error = [](double p) {
    const double z = normal_quantile(p);
    const double back = 0.5 * std::erfc(-z / std::sqrt(2.0));
    return relative_error(back, p) / (1.0 + z * z);
  };
  EXPECT_LT(worst([](auto i) { return uniform(i, 1e-9, 1 - 1e-9); }, error), 1e-14);
  EXPECT_LT(worst([](auto i) { return std::exp(uniform(i, -600, -1)); }, error), 1e-14);
  EXPECT_EQ(normal_quantile(0.5), 0.0);
  EXPECT_NEAR(normal_quantile(0.975), 1.959963984540054, 1e-14);
  EXPECT_EQ(normal_quantile(0.25), -normal_quantile(0.75));
}

TEST(Math, every_bit_of_many_results_is_the_same_everywhere) {
  // Pinned: the same on gcc and clang, -O0 to -O3, and with glibc's FMA variants masked or not.
  Digest digest;
  for (std::uint32_t i = 0; i < 50'000; ++i) {
    const double x = Random{11}.uniform({.task = i}) * 700 + 1e-3;
    digest.add4(std::bit_cast<std::uint64_t>(log(x)), std::bit_cast<std::uint64_t>(exp(-x)),
                std::bit_cast<std::uint64_t>(pow(x, 0.37)),
                std::bit_cast<std::uint64_t>(normal_quantile(x / 701)));
  }
  EXPECT_EQ(digest.value(), 10610956548031928010U);
}

}  // namespace
}  // namespace timeslice::sim
