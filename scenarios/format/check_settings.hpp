// Whether `--set` can do what it says: it changes what a point is, never which points there are.
#pragma once

#include <vector>

#include "scenarios/format/document.hpp"
#include "scenarios/format/node.hpp"

namespace timeslice::scenarios {

/// Reports settings of keys that are about the sweep, settings that the matrix would write over,
/// and those that would leave a swept parameter without effect, so that rows had a wrong label.
void check_settings(const Node& base, const std::vector<Setting>& settings, Reporter& reporter);

}  // namespace timeslice::scenarios
