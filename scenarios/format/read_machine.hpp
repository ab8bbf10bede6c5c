// Reads one machine map: topology, speeds, costs, and the defaults that it brings.
#pragma once

#include "scenarios/format/fields.hpp"
#include "scenarios/format/machine_file.hpp"

namespace timeslice::scenarios {

/// What a machine map stands on: nothing, or a machine that has no YAML of its own (ideal, hwloc,
/// host), whose topology then stays.
struct MachineBase {
  const MachineFile* file = nullptr;  // null: the map describes everything
  bool costs_inherited = false;       // `costs` only change another machine's: known or not is its
  bool costs_known = false;
};

/// The machine that `node` describes. Requires: a map. Errors are reported; the result is then not
/// to be used.
[[nodiscard]] MachineFile read_machine_map(const Reading& reading, const Node& node,
                                           const MachineBase& base);

}  // namespace timeslice::scenarios
