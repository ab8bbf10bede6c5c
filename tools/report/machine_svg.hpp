// A machine as a picture: what is inside what, and so who shares what.
//
// Packages hold memory nodes and last-level caches (the wider of the two outside), these hold
// cores, a core its own caches and its hardware threads. Memory lies at the foot of its node, and
// one bar under all packages is the way between them: cores that share a box share what it is named
// after. Kinds of cores have colours; many cores make small boxes without words, with their names
// as tooltips. Cost: linear in the machine; 384 CPUs are 75 kB of SVG. A pure function.
#pragma once

#include <string>

#include "models/machine/machine_spec.hpp"

namespace timeslice::tools {

[[nodiscard]] std::string machine_svg(const models::MachineSpec& machine);

}  // namespace timeslice::tools
