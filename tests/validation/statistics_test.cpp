#include "validation/statistics.hpp"

#include <gtest/gtest.h>

namespace timeslice::validation {
namespace {

TEST(Statistics, a_quantile_lies_between_its_neighbours_in_order) {
  EXPECT_DOUBLE_EQ(quantile({4.0, 1.0, 3.0, 2.0}, 0.0), 1.0);
  EXPECT_DOUBLE_EQ(quantile({4.0, 1.0, 3.0, 2.0}, 1.0), 4.0);
  EXPECT_DOUBLE_EQ(median({4.0, 1.0, 3.0, 2.0}), 2.5);
  EXPECT_DOUBLE_EQ(quantile({0.0, 10.0}, 0.9), 9.0);
  EXPECT_DOUBLE_EQ(median({7.0}), 7.0);
}

TEST(Statistics, spread_is_relative_to_the_mean) {
  EXPECT_DOUBLE_EQ(coefficient_of_variation({5.0, 5.0, 5.0}), 0.0);
  EXPECT_DOUBLE_EQ(coefficient_of_variation({5.0}), 0.0);
  EXPECT_NEAR(coefficient_of_variation({9.0, 11.0}), 0.141421356, 1e-9);
}

}  // namespace
}  // namespace timeslice::validation
