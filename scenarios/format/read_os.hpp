// Reads `os`: scheduler, policy, balancing, groups.
#pragma once

#include "models/os/os_spec.hpp"
#include "scenarios/format/fields.hpp"

namespace timeslice::scenarios {

/// Lays the map `node` over `os`. A `scheduler` changes the policy alone; tick, timers and
/// balancing stay as the machine has them. Groups are numbered in the order of their names.
void read_os(const Reading& reading, const Node& node, models::OsSpec& os);

/// What is doubtful about this scheduler: a sentence for the result, or empty.
[[nodiscard]] std::string scheduler_warning(const models::OsSpec& os);

}  // namespace timeslice::scenarios
