// A machine as text: for people, and as a machine file.
//
// Both are pure functions of the value: the same machine gives the same bytes.
#pragma once

#include <string>

#include "models/machine/machine_spec.hpp"
#include "sim/result.hpp"

namespace timeslice::models {

/// What `timeslice machine show` prints: counts, a tree in which parts that are alike are folded
/// into one line, speeds, costs with their source, and the warnings. At most about 60 lines.
[[nodiscard]] std::string describe(const MachineSpec& machine);

/// A machine file that the scenario loader reads back into an equal machine. Refused for machines
/// that the file format cannot say (parts that are not alike): use the hwloc XML itself as machine.
[[nodiscard]] sim::Result<std::string> to_machine_yaml(const MachineSpec& machine);

}  // namespace timeslice::models
