#include "tools/report/student_t.hpp"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

namespace timeslice::tools {
namespace {

TEST(StudentT, the_quantile_agrees_with_published_tables_to_a_millionth) {
  // NIST/SEMATECH table and R's qt(0.975, df), rounded to 8 digits.
  EXPECT_NEAR(t_quantile_95(1), 12.70620474, 1e-6);
  EXPECT_NEAR(t_quantile_95(2), 4.30265273, 1e-6);
  EXPECT_NEAR(t_quantile_95(3), 3.18244631, 1e-6);
  EXPECT_NEAR(t_quantile_95(4), 2.77644511, 1e-6);
  EXPECT_NEAR(t_quantile_95(5), 2.57058184, 1e-6);
  EXPECT_NEAR(t_quantile_95(9), 2.26215716, 1e-6);
  EXPECT_NEAR(t_quantile_95(10), 2.22813885, 1e-6);
  EXPECT_NEAR(t_quantile_95(29), 2.04522964, 1e-6);
  EXPECT_NEAR(t_quantile_95(30), 2.04227246, 1e-6);
  EXPECT_NEAR(t_quantile_95(100), 1.98397152, 1e-6);
  EXPECT_NEAR(t_quantile_95(1'000'000), 1.95996640, 1e-6);
}

TEST(StudentT, the_series_and_the_expansion_meet_at_two_hundred_degrees) {
  const double step_before = t_quantile_95(199) - t_quantile_95(200);
  const double step_across = t_quantile_95(200) - t_quantile_95(201);
  EXPECT_NEAR(step_across, step_before, 1e-6);
  EXPECT_GT(step_across, 0.0);
}

TEST(StudentT, one_value_has_a_mean_and_no_interval) {
  const MeanInterval interval = mean_interval(std::vector<double>{4.0});
  EXPECT_EQ(interval.mean, 4.0);
  EXPECT_FALSE(interval.low.has_value());
  EXPECT_FALSE(interval.high.has_value());
}

TEST(StudentT, the_interval_of_a_mean_is_t_standard_errors_wide) {
  const MeanInterval interval = mean_interval(std::vector<double>{9.0, 10.0, 11.0});
  EXPECT_DOUBLE_EQ(interval.mean, 10.0);
  const double half = 4.30265273 / std::sqrt(3.0);  // standard deviation 1, two degrees
  EXPECT_NEAR(*interval.low, 10.0 - half, 1e-6);
  EXPECT_NEAR(*interval.high, 10.0 + half, 1e-6);
}

}  // namespace
}  // namespace timeslice::tools
