#include "tools/report/humanize.hpp"

#include <gtest/gtest.h>

namespace timeslice::tools {
namespace {

TEST(Humanize, durations_take_the_unit_that_fits) {
  EXPECT_EQ(human_duration(0.0), "0");
  EXPECT_EQ(human_duration(12.0), "12 ns");
  EXPECT_EQ(human_duration(340e3), "340 us");
  EXPECT_EQ(human_duration(1.25e9), "1.25 s");
  EXPECT_EQ(human_duration(12.5e6), "12.5 ms");
  EXPECT_EQ(human_duration(90e9), "90 s");
  EXPECT_EQ(human_duration(150e9), "2 min 30 s");
  EXPECT_EQ(human_duration(7500e9), "2 h 05 min");
}

TEST(Humanize, a_value_that_rounds_up_to_a_thousand_takes_the_next_unit) {
  EXPECT_EQ(human_duration(999'700.0), "1 ms");
  EXPECT_EQ(human_duration(999'400.0), "999 us");
  EXPECT_EQ(human_bytes(1024.0), "1 KiB");
}

TEST(Humanize, every_unit_of_the_contract_has_a_form) {
  EXPECT_EQ(human_value(1.25e9, "ns"), "1.25 s");
  EXPECT_EQ(human_value(0.985, "1"), "98.5 %");
  EXPECT_EQ(human_value(150.0, "1/s"), "150/s");
  EXPECT_EQ(human_value(1536.0, "B"), "1.5 KiB");
  EXPECT_EQ(human_value(42.0, "count"), "42");
  EXPECT_EQ(human_value(2.5e7, "count"), "2.5e+07");
}

TEST(Humanize, a_spread_is_half_the_interval_and_empty_without_one) {
  EXPECT_EQ(human_spread(1.0e9, 1.5e9, "ns"), "± 250 ms");
  EXPECT_EQ(human_spread(std::nullopt, 1.5e9, "ns"), "");
}

TEST(Humanize, one_is_singular) {
  EXPECT_EQ(counted(1, "point", "points"), "1 point");
  EXPECT_EQ(counted(0, "point", "points"), "0 points");
}

}  // namespace
}  // namespace timeslice::tools
