// What models::check_world finds, reported with places in the file: nothing is left for the run.
#pragma once

#include "scenarios/format/fields.hpp"

namespace timeslice::models {
struct WorldSpec;
}

namespace timeslice::scenarios {

/// `tree` is the point that `world` was read from. Cost: one pass over the tasks.
void check_world(const Reading& reading, const models::WorldSpec& world, const Node& tree);

}  // namespace timeslice::scenarios
