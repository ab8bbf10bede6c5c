#include "validation/speed_index.hpp"

#include <array>

#include <gtest/gtest.h>

#include "tests/validation/small_world.hpp"

namespace timeslice::validation {
namespace {

using namespace std::chrono_literals;

constexpr std::array<std::int32_t, 2> numbers{0, 1};

KernelSample sample(std::int64_t begin_ms, std::int64_t end_ms, double slowness, std::int32_t cpu) {
  const std::int64_t used = (end_ms - begin_ms) * 1'000'000;
  return {.begin_ns = begin_ms * 1'000'000,
          .end_ns = end_ms * 1'000'000,
          .used_ns = used,
          .nominal_ns = static_cast<std::int64_t>(static_cast<double>(used) / slowness),
          .cpu_first = cpu,
          .cpu_last = cpu};
}

TEST(SpeedIndex, is_cpu_time_over_nominal_time) {
  const std::vector<KernelSample> samples{sample(0, 10, 2.0, 0), sample(10, 20, 1.0, 0)};
  EXPECT_NEAR(mean_slowness(samples), 20.0 / 15.0, 1e-6);
  EXPECT_DOUBLE_EQ(mean_slowness({}), 1.0);
}

TEST(SpeedIndex, preemption_and_waits_do_not_count) {
  KernelSample waited = sample(0, 100, 1.0, 0);
  waited.used_ns = 20'000'000;
  waited.nominal_ns = 10'000'000;
  EXPECT_DOUBLE_EQ(mean_slowness(std::vector{waited}), 2.0);
}

TEST(SpeedIndex, follows_each_cpu_over_time) {
  const std::vector<KernelSample> samples{sample(0, 10, 1.0, 0), sample(10, 20, 2.0, 0),
                                          sample(0, 20, 1.6, 1)};
  const auto lines = speed_timelines(samples, numbers);
  ASSERT_EQ(lines.size(), 2U);
  ASSERT_EQ(lines[0].size(), 2U);
  EXPECT_EQ(lines[0][0].from, sim::Instant{});
  EXPECT_NEAR(lines[0][0].factor, 1.0, 1e-6);
  EXPECT_EQ(lines[0][1].from, sim::Instant{10ms});
  EXPECT_NEAR(lines[0][1].factor, 0.5, 1e-6);
  ASSERT_EQ(lines[1].size(), 1U);
  EXPECT_NEAR(lines[1][0].factor, 1.0 / 1.6, 1e-6);
}

TEST(SpeedIndex, a_cpu_without_kernels_has_the_mean_speed) {
  const auto lines = speed_timelines(std::vector{sample(0, 10, 1.25, 0)}, numbers);
  ASSERT_EQ(lines[1].size(), 1U);
  EXPECT_NEAR(lines[1][0].factor, 0.8, 1e-6);
  EXPECT_DOUBLE_EQ(slowness_by_cpu(std::vector{sample(0, 10, 1.25, 0)}, numbers)[1], 0.0);
}

TEST(SpeedIndex, where_no_kernel_ran_those_elsewhere_tell) {
  const std::vector<KernelSample> samples{sample(0, 10, 1.0, 0), sample(10, 20, 2.0, 1),
                                          sample(20, 30, 1.25, 0), sample(20, 30, 1.6, 1)};
  const auto lines = speed_timelines(samples, numbers);
  ASSERT_EQ(lines[0].size(), 3U);
  EXPECT_NEAR(lines[0][1].factor, 0.5, 1e-6);
  EXPECT_NEAR(lines[0][2].factor, 0.8, 1e-6) << "its own kernel knows best";
  ASSERT_EQ(lines[1].size(), 3U);
  EXPECT_NEAR(lines[1][0].factor, 1.0, 1e-6);
  EXPECT_NEAR(lines[1][2].factor, 1.0 / 1.6, 1e-6);
}

KernelSample of(Kernel kernel, KernelSample sample) {
  sample.kernel = kernel;
  return sample;
}

TEST(SpeedIndex, each_kind_of_work_has_its_own_slowness) {
  const std::vector<KernelSample> samples{of(Kernel::python, sample(0, 12, 1.2, 0)),
                                          of(Kernel::native, sample(12, 22, 1.0, 0))};
  const models::SpeedFactors speeds = relative_speeds(samples, 9.0);
  EXPECT_NEAR(speeds.python, 1.1 / 1.2, 1e-6);
  EXPECT_NEAR(speeds.native, 1.1 / 1.0, 1e-6);
  EXPECT_NEAR(speeds.kernel.value_or(0.0), 1.1 / 1.2, 1e-6);
  const auto lines = speed_timelines(samples, numbers);
  ASSERT_EQ(lines[0].size(), 1U) << "the kinds differ, the CPU did not change";
  EXPECT_NEAR(lines[0][0].factor, 1.0 / 1.1, 1e-6);
}

TEST(SpeedIndex, c_code_that_keeps_the_gil_is_c_code_and_too_little_of_it_tells_nothing) {
  const KernelSample python = of(Kernel::python, sample(0, 12, 1.2, 0));
  const std::vector<KernelSample> held{python, of(Kernel::held, sample(12, 22, 1.0, 0))};
  EXPECT_NEAR(relative_speeds(held, 9.0).native, 1.1, 1e-6);
  KernelSample little = of(Kernel::native, sample(12, 13, 1.0, 0));
  little.used_ns = 30'000;
  little.nominal_ns = 15'000;
  EXPECT_DOUBLE_EQ(relative_speeds(std::vector{python, little}, 9.0).native, 1.0);
}

TEST(SpeedIndex, what_is_enough_for_its_own_cpu_is_enough_for_the_others) {
  KernelSample shortly = sample(10, 11, 2.0, 1);
  shortly.used_ns = 60'000;
  shortly.nominal_ns = 30'000;
  const auto lines = speed_timelines(std::vector{sample(0, 10, 1.0, 0), shortly}, numbers);
  ASSERT_EQ(lines[0].size(), 2U);
  EXPECT_NEAR(lines[0][1].factor, 0.5, 1e-6);
}

TEST(SpeedIndex, without_bytecode_that_beside_the_run_tells_how_slow_library_code_was) {
  const std::vector<KernelSample> native{of(Kernel::native, sample(0, 10, 1.05, 0))};
  EXPECT_NEAR(relative_speeds(native, 1.4).python, 1.05 / 1.4, 1e-6);
  EXPECT_NEAR(relative_speeds(native, 1.0).python, 1.0, 1e-6) << "as slow as the run at least";
  const std::vector<KernelSample> held{of(Kernel::held, sample(0, 10, 1.3, 0))};
  EXPECT_NEAR(relative_speeds(held, 1.9).python, 1.0, 1e-6) << "C code on Python's objects";
  EXPECT_DOUBLE_EQ(relative_speeds({}, 1.4).python, 1.0);
}

TEST(SpeedIndex, a_gap_keeps_the_speed_before_it_and_the_start_has_the_first) {
  const std::vector<KernelSample> samples{sample(5, 6, 2.0, 0), sample(50, 51, 1.0, 0)};
  const auto lines = speed_timelines(samples, numbers);
  ASSERT_EQ(lines[0].size(), 2U);
  EXPECT_EQ(lines[0][0].from, sim::Instant{});
  EXPECT_NEAR(lines[0][0].factor, 0.5, 1e-6);
  EXPECT_EQ(lines[0][1].from, sim::Instant{50ms});
}

TEST(SpeedIndex, a_kernel_that_moved_counts_half_on_each_cpu) {
  KernelSample moved = sample(0, 10, 2.0, 0);
  moved.cpu_last = 1;
  const auto slowness = slowness_by_cpu(std::vector{moved}, numbers);
  EXPECT_NEAR(slowness[0], 2.0, 1e-6);
  EXPECT_NEAR(slowness[1], 2.0, 1e-6);
}

TEST(SpeedIndex, kernels_on_foreign_cpus_do_no_harm) {
  const auto lines = speed_timelines(std::vector{sample(0, 10, 2.0, 7)}, numbers);
  EXPECT_EQ(lines.size(), 2U);
}

TEST(SpeedIndex, long_runs_keep_timelines_small) {
  std::vector<KernelSample> samples;
  for (std::int64_t i = 0; i < 60'000; ++i) {
    samples.push_back(sample(i * 10, i * 10 + 10, i % 2 == 0 ? 1.0 : 2.0, 0));
  }
  EXPECT_LE(speed_timelines(samples, numbers)[0].size(), 20'000U);
}

TEST(SpeedIndex, random_timelines_replay_what_calibration_saw) {
  const std::vector<SlownessTrace> traces{{.cpu = 0, .step = 1ms, .slowness = {1.0, 2.0}},
                                          {.cpu = 1, .step = 1ms, .slowness = {1.5}}};
  const auto lines = random_timelines(traces, numbers, 30ms, sim::Random{1});
  ASSERT_EQ(lines.size(), 2U);
  ASSERT_EQ(lines[0].size(), 20U) << "a millisecond of work takes 1 or 2 ms in turn";
  EXPECT_NEAR(lines[0][0].factor * lines[0][1].factor, 0.5, 1e-9);
  EXPECT_NEAR(lines[1][3].factor, 1.0 / 1.5, 1e-9);
  EXPECT_TRUE(random_timelines({}, numbers, 30ms, sim::Random{1}).empty());
}

TEST(SpeedIndex, cpus_are_found_by_their_number_or_in_order) {
  models::MachineSpec machine = two_cpus();
  machine.cpus[1].os_index = 5;
  const std::array<std::int32_t, 2> allowed{0, 5};
  EXPECT_EQ(host_numbers(machine, allowed), (std::vector<std::int32_t>{0, 5}));
  const std::array<std::int32_t, 3> others{2, 3, 4};
  EXPECT_EQ(host_numbers(machine, others), (std::vector<std::int32_t>{2, 3}));
}

}  // namespace
}  // namespace timeslice::validation
