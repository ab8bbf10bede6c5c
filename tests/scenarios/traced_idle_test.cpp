// How long a CPU idles beside a waiting thread of the program, against the scheduler traces of
// eight programs on the reference guest: the table of docs/models/balancing.md.
#include <cstdint>
#include <string>

#include <gtest/gtest.h>

#include "scenarios/simulate.hpp"
#include "tests/models/world_fixture.hpp"
#include "tests/scenarios/validation_files.hpp"

namespace timeslice::scenarios {
namespace {

double idle_while_runnable_ms(const Scenario& scenario, std::uint64_t repetition) {
  const models::Timings timings = simulate(scenario, repetition, {});
  EXPECT_EQ(timings.status, models::RunStatus::ok) << timings.error;
  return models::metric(timings, "idle_while_runnable") / 1e6;
}

double mean_ms(const Scenario& scenario, std::uint64_t runs) {
  double sum = 0.0;
  for (std::uint64_t repetition = 0; repetition < runs; ++repetition) {
    sum += idle_while_runnable_ms(scenario, repetition);
  }
  return sum / static_cast<double>(runs);
}

/// As many runs as it takes until the mean is known (standard error) to a tenth.
struct Row {
  const char* name;
  std::uint64_t ordinal;
  double traced_ms;
  std::uint64_t runs;
};

double simulated(const Row& row) {
  const double mean = mean_ms(validation_scenario(row.name, row.ordinal), row.runs);
  ::testing::Test::RecordProperty(
      std::string{row.name} + "_point_" + std::to_string(row.ordinal) + "_ms",
      std::to_string(mean));
  return mean;
}

TEST(TracedIdle, six_programs_are_within_a_quarter_of_their_traces) {
  for (const Row& row :
       {Row{"thr-pyc", 0, 55.7, 10}, Row{"thr-pyc", 1, 54.6, 20}, Row{"tpe3_90c1io1", 0, 41.1, 20},
        Row{"pool_f2_100x2_100K", 0, 75.8, 40}, Row{"pool_f2_80x2_300K", 0, 72.4, 40},
        Row{"pool_f2_60x2_1M", 0, 109.5, 20}}) {
    EXPECT_NEAR(simulated(row), row.traced_ms, 0.25 * row.traced_ms) << row.name;
  }
}

/// These miss the quarter: they are 1.5 and 2.8 ms above their traces in the mean of 100 runs.
TEST(TracedIdle, two_programs_that_hardly_idle_miss_it_as_stated) {
  EXPECT_NEAR(simulated({"thr-c", 2, 2.5, 40}), 2.5 + 1.5, 1.0);
  EXPECT_NEAR(simulated({"pool_f4_200x1", 0, 9.2, 30}), 9.2 + 2.8, 2.0);
}

TEST(TracedIdle, comes_from_the_balancer_alone) {
  Overrides conserving;
  conserving.set = {{"os.balance.kind", "work-conserving"}};
  for (const char* name : {"thr-pyc", "tpe3_90c1io1"}) {
    EXPECT_EQ(idle_while_runnable_ms(validation_scenario(name, 0, conserving), 0), 0.0) << name;
  }
}

}  // namespace
}  // namespace timeslice::scenarios
