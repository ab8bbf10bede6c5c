// What the operating system and the CPUs of this host take for single operations: raw samples.
//
// C++ alone, no Python: the operations of the models' OsCosts, each by itself, on CPUs that this
// process may use. CPU costs by the thread's clock (preemption does not count), latencies by the
// wall clock. Nothing here runs a scenario. docs/models/calibration.md says which cost comes from
// which probe.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "sim/time.hpp"
#include "validation/calibrate/probe_guard.hpp"
#include "validation/calibrate/probe_samples.hpp"

namespace timeslice::validation {

/// All probes, each part in a child of its own, aiming at `time` in all (at most twice that, and 3
/// s a part). A part that fails or takes longer is named in `missing`.
[[nodiscard]] ProbeSamples probe_host(const std::vector<std::int32_t>& cpus, sim::Duration time,
                                      const std::function<bool()>& give_up);

/// The parts, each into `guard`. Called in that child: they change its affinity and fork.
void probe_calls(ProbeGuard& guard);   // system calls, pipes, page faults, C++ tasks
void probe_starts(ProbeGuard& guard);  // threads and processes
void probe_timers(ProbeGuard& guard);  // sleep, tick
void probe_paths(const std::vector<std::int32_t>& cpus, ProbeGuard& guard);
void probe_wakes(const std::vector<std::int32_t>& cpus, ProbeGuard& guard);    // switch, wake-up
void probe_sharing(const std::vector<std::int32_t>& cpus, ProbeGuard& guard);  // turns, neighbours
void probe_memory(const std::vector<std::int32_t>& cpus, ProbeGuard& guard);   // latency, streams

}  // namespace timeslice::validation
