#include "validation/theory/closed_forms.hpp"

#include <gtest/gtest.h>

namespace timeslice::validation {
namespace {

TEST(Amdahl, serial_work_bounds_the_speed_up) {
  EXPECT_DOUBLE_EQ(amdahl_speedup(0.0, 8.0), 8.0);
  EXPECT_DOUBLE_EQ(amdahl_speedup(1.0, 8.0), 1.0);
  EXPECT_DOUBLE_EQ(amdahl_speedup(0.1, 9.0), 5.0);
  EXPECT_LT(amdahl_speedup(0.05, 1e9), 20.0);
}

TEST(ErlangC, agrees_with_the_known_waits_at_load_0_8) {
  // Mean waits in service times, tabulated for M/M/1, M/M/2, M/M/4 and M/M/8.
  EXPECT_NEAR(mmc_mean_wait(1, 0.8), 4.0, 1e-12);
  EXPECT_NEAR(mmc_mean_wait(2, 1.6), 1.7778, 5e-5);
  EXPECT_NEAR(mmc_mean_wait(4, 3.2), 0.7455, 5e-5);
  EXPECT_NEAR(mmc_mean_wait(8, 6.4), 0.2860, 5e-5);
}

TEST(ErlangC, one_server_waits_as_often_as_it_is_busy) {
  for (const double load : {0.1, 0.5, 0.9}) {
    EXPECT_NEAR(erlang_c(1, load), load, 1e-12);
  }
  EXPECT_DOUBLE_EQ(erlang_c(4, 0.0), 0.0);
}

}  // namespace
}  // namespace timeslice::validation
