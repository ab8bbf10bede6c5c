// Where machine presets lie, for a program run from its build tree or from where it was installed.
#pragma once

#include "scenarios/format/load.hpp"

namespace timeslice::tools {

/// Directories that exist, in this order: TIMESLICE_MACHINES, the user's and the system's data
/// directories (XDG), beside an installed program, the source tree that the program stands in.
[[nodiscard]] scenarios::SearchPath machine_search_path();

}  // namespace timeslice::tools
