// How fast kernels run here, against the reference machine and against CPython 3.11.
#pragma once

#include "scenarios/format/machine_file.hpp"
#include "validation/calibrate/cpp_kernel.hpp"
#include "validation/calibrate/derive_runtime.hpp"
#include "validation/calibrate/finding.hpp"

namespace timeslice::validation {

/// Nominal CPU times on the reference guest (2-CPU VM, AMD EPYC, Linux 6.18), which has speed 1:
/// 5 % quantiles of 1 ms samples. [ns an iteration]
inline constexpr double reference_python_ns =
    38.0;  // harness.python_kernel, CPython 3.11.2: 37.7, 38.8
inline constexpr double reference_cpp_ns =
    1.63;  // cpp_kernel: 1.629 beside an idle CPU and a busy one

/// `speed.native`, and the CPU times of the C++ kernel on each CPU as observations.
void add_native_speed(const KernelSamples& kernel, Findings& into);

struct SpeedGround {
  const RuntimeGround& ground;
  const scenarios::MachineFile& known;  // may have CPython 3.11 measured before
};

/// From samples "kernel.python.CPU": CPU times on each CPU as observations; `speed.python` for
/// CPython 3.11, a runtime's `speed` for others where 3.11 was measured on this host as well.
void add_python_speed(const ProbeSamples& samples, const SpeedGround& speed, Findings& into);

}  // namespace timeslice::validation
