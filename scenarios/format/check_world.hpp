// What models::check_world finds, reported with places in the file: nothing is left for the run.
#pragma once

#include <string>

#include "scenarios/format/fields.hpp"

namespace timeslice::models {
struct WorldSpec;
}

namespace timeslice::scenarios {

/// `tree` is the point that `world` was read from. Cost: one pass over the tasks.
void check_world(const Reading& reading, const models::WorldSpec& world, const Node& tree);

/// Where the value at `where` stands ("executors.crew", "main.2.periodic.every", ...), else the
/// nearest thing around it.
[[nodiscard]] const Mark& place_of(const Node& tree, const std::string& where);

}  // namespace timeslice::scenarios
