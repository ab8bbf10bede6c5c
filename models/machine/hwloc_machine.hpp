// Makes a machine of an hwloc file's objects.
//
// Stage three of the import. What it takes for granted is checked by the stages before; what it
// finds doubtful becomes a warning of the machine.
#pragma once

#include "models/machine/hwloc_distances.hpp"
#include "models/machine/hwloc_objects.hpp"
#include "models/machine/machine_spec.hpp"
#include "sim/result.hpp"

namespace timeslice::models {

/// Memory nodes beyond Linux's own limit (CONFIG_NODES_SHIFT is at most 10) are refused.
inline constexpr std::size_t max_nodes = 1024;

/// The machine of the usable CPUs: listed, online and allowed. Objects without one are left out.
[[nodiscard]] sim::Result<MachineSpec> build_hwloc_machine(const HwlocFile& file,
                                                           const NodeDistances& distances);

}  // namespace timeslice::models
