// Reads `executors`, `locks` and `background`.
#pragma once

#include "models/world_spec.hpp"
#include "scenarios/format/world_names.hpp"

namespace timeslice::scenarios {

/// In the order of `names`. `world` has its machine and runtime already.
void read_locks(const Reading& reading, const Node* node, models::WorldSpec& world);
void read_executors(const Reading& reading, const Node* node, WorldNames& names,
                    models::WorldSpec& world);
void read_background(const Reading& reading, const Node* node, WorldNames& names,
                     models::WorldSpec& world);

}  // namespace timeslice::scenarios
