// The C++ runner's kernel: integer work that stays in registers, and how fast it is here.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/time.hpp"
#include "validation/calibrate/host_calibration.hpp"

namespace timeslice::validation {

/// Runs `iterations` of a chain of dependent multiplications; the result keeps it from vanishing.
[[nodiscard]] std::uint64_t cpp_kernel(std::uint64_t iterations, std::uint64_t seed);

/// CPU time of the calling thread so far.
[[nodiscard]] std::int64_t thread_cpu_ns();
/// The clock that native runs are timed by (CLOCK_MONOTONIC).
[[nodiscard]] std::int64_t wall_ns();

/// Whole iterations that take `nominal_ns` on an undisturbed core, at least 1.
[[nodiscard]] std::uint64_t iterations_for(const KernelCost& kernel, double nominal_ns);

/// CPU times of calls on one CPU, raw.
struct CpuSamples {
  std::int32_t cpu = 0;
  std::vector<std::int64_t> used_ns;
};

/// Raw samples of one kernel: what calibration condenses.
struct KernelSamples {
  std::uint64_t iterations = 0;  // of each call in by_cpu
  std::vector<CpuSamples> by_cpu;
  std::vector<std::int64_t> fixed_ns;  // calls of one iteration
};

/// Low quantile over the samples of each CPU, the least of them counts.
[[nodiscard]] KernelCost condense(const KernelSamples& samples);

/// Slowness of each CPU over its samples, relative to `cost`.
[[nodiscard]] std::vector<SlownessTrace> traces_of(const KernelSamples& samples,
                                                   const KernelCost& cost);

/// Measures the C++ kernel on `cpus` in turn for `time` in all, in this thread.
[[nodiscard]] KernelSamples sample_cpp_kernel(const std::vector<std::int32_t>& cpus,
                                              sim::Duration time);

}  // namespace timeslice::validation
