// Keys of schedulers, balancers, groups and locks that change nothing: a warning each.
#pragma once

#include "scenarios/format/fields.hpp"

namespace timeslice::models {
struct WorldSpec;
}

namespace timeslice::scenarios {

/// For the scenario's own `os` map (none: nullptr) and what hangs on it: keys of other policies,
/// nice levels and weights that the policy does not look at, priority inheritance without anybody
/// urgent. Not where a sweep or a variant chose the policy: its points share their keys.
void warn_os_without_effect(const Reading& reading, const Node* os, const models::WorldSpec& world);

}  // namespace timeslice::scenarios
