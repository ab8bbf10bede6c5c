// A machine as text for people.
#pragma once

#include <string>

#include "models/machine/machine_spec.hpp"

namespace timeslice::models {

/// What `timeslice machine show` prints: counts, a tree in which parts that are alike are folded
/// into one line, speeds, costs and where they come from, warnings. At most 60 lines, each ended
/// by a newline. A pure function: the same machine gives the same bytes.
[[nodiscard]] std::string describe(const MachineSpec& machine);

}  // namespace timeslice::models
