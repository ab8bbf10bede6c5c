// A machine by name, path, `ideal-N`, `host`, or map: found, read, and kept for the next point.
#pragma once

#include "scenarios/format/fields.hpp"
#include "scenarios/format/files.hpp"

namespace timeslice::scenarios {

/// The machine that `node` (a scalar or a map) stands for. Never null; what is wrong is in its
/// `problems`, with places in the files where it stands. Cost: a look-up after the first time.
[[nodiscard]] MachinePointer resolve_machine(Files& files, const Node& node);

}  // namespace timeslice::scenarios
