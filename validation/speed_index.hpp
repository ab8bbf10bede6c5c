// The speed index: how slow each CPU was in the course of a native run, seen by its own kernels.
//
// Kernels stay in cache and read the thread CPU clock, so CPU time used over nominal time is the
// slowness of the CPU that they ran on, free of preemption, waits and timers. Replayed as
// MachineSpec::speed_over_time it scales CPU costs in the simulation. Cost: linear in samples.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "models/machine/machine_spec.hpp"
#include "sim/random.hpp"
#include "sim/time.hpp"
#include "validation/calibrate/host_calibration.hpp"
#include "validation/native/native_run.hpp"

namespace timeslice::validation {

/// CPU time over nominal time, all kernel calls together; 1 without any.
[[nodiscard]] double mean_slowness(std::span<const KernelSample> samples);

/// How fast each kind of work is beside the mean of all kernels of a run, for one slowness is not
/// that of all code: what shares a core or its caches slows bytecode where a hash goes on. Kernel
/// code goes with bytecode. `elsewhere`: how slow bytecode was beside the run, for runs without
/// any; 0: not known.
[[nodiscard]] models::SpeedFactors relative_speeds(std::span<const KernelSample> samples,
                                                   double elsewhere);

/// The operating system's number of each CPU of `machine`, on this host.
[[nodiscard]] std::vector<std::int32_t> host_numbers(const models::MachineSpec& machine,
                                                     std::span<const std::int32_t> allowed);

/// The same by CPU of the machine; 0 where no kernel ran.
[[nodiscard]] std::vector<double> slowness_by_cpu(std::span<const KernelSample> samples,
                                                  std::span<const std::int32_t> numbers);

/// Speed of each CPU over the run, in steps of `step`. Where no kernel ran on a CPU in a step, it
/// has the speed that kernels saw on the others just then: predicted work need not be where the
/// measured work was. A step without any kernel keeps the value before it; before the first it has
/// the first; without any at all the mean of all.
[[nodiscard]] std::vector<models::SpeedTimeline> speed_timelines(
    std::span<const KernelSample> samples, std::span<const std::int32_t> numbers,
    sim::Duration step = std::chrono::milliseconds{1});

/// Speeds as calibration saw them, nothing from a run: each CPU's trace from a random place on,
/// over and over, for `length`. Keeps how long fast and slow spells last. Empty without traces.
[[nodiscard]] std::vector<models::SpeedTimeline> random_timelines(
    std::span<const SlownessTrace> traces, std::span<const std::int32_t> numbers,
    sim::Duration length, const sim::Random& random);

}  // namespace timeslice::validation
