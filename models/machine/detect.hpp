// The machine that this program runs on, as libhwloc finds it.
//
// Only the CPUs and memory nodes that this process may use count (cgroup, cpuset, binding): they
// are what a native run would get. libhwloc's finding goes through the same import and checks as a
// file. Speeds and costs are not measured here: they keep the defaults of the reference guest, with
// `costs_known` and `speed_known` false, until `timeslice calibrate` has measured them.
// Cost: 5 to 50 ms. Detect once and keep the value.
#pragma once

#include "models/machine/machine_spec.hpp"
#include "sim/result.hpp"

namespace timeslice::models {

/// This host, named "host". Environment variables HWLOC_* do not change the outcome: they are taken
/// away meanwhile, so call this before other threads start that read the environment.
[[nodiscard]] sim::Result<MachineSpec> detect_host();

}  // namespace timeslice::models
