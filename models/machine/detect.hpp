// The machine that this program runs on, as libhwloc finds it.
//
// Only the CPUs and memory nodes that this process may use count (cpuset, cgroup, affinity): they
// are what a native run would get. Speeds and costs are not measured here: they keep the defaults
// of the reference machine, and a warning says so until `timeslice calibrate` has measured them.
#pragma once

#include "models/machine/machine_spec.hpp"
#include "sim/result.hpp"

namespace timeslice::models {

/// This host, named "host". Environment variables (HWLOC_*) do not change the outcome.
[[nodiscard]] sim::Result<MachineSpec> detect_host();

}  // namespace timeslice::models
