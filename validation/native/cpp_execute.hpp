// Executes a native program on C++ threads, in this process.
//
// Called in a forked child by CppThreadsRunner. Cost: the program itself; each kernel call is cut
// into parts, each of which reads three clocks.
#pragma once

#include <cstdint>
#include <vector>

#include "models/world_spec.hpp"
#include "sim/time.hpp"
#include "validation/calibrate/host_calibration.hpp"
#include "validation/native/native_run.hpp"
#include "validation/native/program.hpp"

namespace timeslice::validation {

struct CppResult {
  std::int64_t start_ns = 0;  // CLOCK_MONOTONIC
  std::int64_t end_ns = 0;
  std::int64_t cpu_ns = 0;
  std::uint64_t voluntary = 0;
  std::uint64_t involuntary = 0;
  std::vector<KernelSample> samples;  // on that clock, not yet counted from the start
};

/// Requires: `program` has no Python operation; its executors are serial, cpp_threads or cpp_async.
[[nodiscard]] CppResult execute_cpp(const models::WorldSpec& world, const NativeProgram& program,
                                    const KernelCost& kernel, sim::Duration part = fine_part);

/// Runs the kernel for `nominal_ns`, in parts, and appends a sample for each.
void run_cpp_kernel(const KernelCost& kernel, std::int64_t nominal_ns,
                    std::vector<KernelSample>& samples, sim::Duration part = fine_part);

}  // namespace timeslice::validation
