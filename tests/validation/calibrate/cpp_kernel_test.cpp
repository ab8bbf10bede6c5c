#include "validation/calibrate/cpp_kernel.hpp"

#include <gtest/gtest.h>

namespace timeslice::validation {
namespace {

KernelSamples two_states() {
  // 1000 iterations take 1 ms undisturbed; CPU 1 is slow most of the time.
  KernelSamples samples;
  samples.iterations = 1000;
  samples.by_cpu = {{.cpu = 0, .used_ns = {}}, {.cpu = 1, .used_ns = {}}};
  for (int i = 0; i < 200; ++i) {
    samples.by_cpu[0].used_ns.push_back(i % 4 == 0 ? 1'700'500 : 1'000'500);
    samples.by_cpu[1].used_ns.push_back(i % 4 == 0 ? 1'000'500 : 1'700'500);
  }
  samples.fixed_ns.assign(100, 500);
  return samples;
}

TEST(KernelCalibration, the_undisturbed_core_counts_not_the_mean) {
  const KernelCost cost = condense(two_states());
  EXPECT_DOUBLE_EQ(cost.fixed_ns, 500.0);
  EXPECT_DOUBLE_EQ(cost.per_iteration_ns, 1000.0);
  EXPECT_NEAR(cost.spread, 0.7, 0.001);
  EXPECT_DOUBLE_EQ(cost.disagreement, 0.0);
}

TEST(KernelCalibration, windows_without_a_fast_spell_are_a_doubt) {
  KernelSamples samples = two_states();
  for (std::size_t i = 0; i < 100; ++i) {
    samples.by_cpu[1].used_ns[i] = 1'700'500;
  }
  EXPECT_NEAR(condense(samples).disagreement, 0.7, 0.001);
}

TEST(KernelCalibration, iterations_invert_the_cost) {
  const KernelCost cost = condense(two_states());
  EXPECT_EQ(iterations_for(cost, 1'000'500.0), 1000U);
  EXPECT_EQ(iterations_for(cost, 1.0), 1U) << "there is always one";
}

TEST(KernelCalibration, traces_are_slowness_in_order) {
  const KernelSamples samples = two_states();
  const auto traces = traces_of(samples, condense(samples));
  ASSERT_EQ(traces.size(), 2U);
  EXPECT_NEAR(traces[0].slowness[0], 1.7, 0.001);
  EXPECT_NEAR(traces[0].slowness[1], 1.0, 0.001);
}

}  // namespace
}  // namespace timeslice::validation
