// What is wrong with a scenario's use of event loops: waits outside of a loop, loops that are asked
// for what they cannot do. Cost: one pass over each task for each way in which it is run.
#pragma once

#include <vector>

#include "models/world_spec.hpp"
#include "sim/result.hpp"

namespace timeslice::models {

/// Empty: nothing. Tasks that nobody runs are not looked at.
[[nodiscard]] std::vector<sim::Error> check_loops(const WorldSpec& spec);

}  // namespace timeslice::models
