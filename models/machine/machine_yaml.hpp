// A machine as a machine file.
#pragma once

#include <string>

#include "models/machine/machine_spec.hpp"
#include "sim/result.hpp"

namespace timeslice::models {

/// A machine file that the scenario loader reads back: what it cannot say is named in comments at
/// its top (CPU numbers, line sizes, distances and unequal memory of nodes).
/// Refused for machines whose parts are not alike: name the hwloc XML itself as machine, or extend
/// it (`extends: F.xml`) to add costs.
[[nodiscard]] sim::Result<std::string> to_machine_yaml(const MachineSpec& machine);

}  // namespace timeslice::models
