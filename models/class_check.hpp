// What is wrong with the scheduling classes that a world asks for.
#pragma once

#include <vector>

#include "models/world_spec.hpp"
#include "sim/result.hpp"

namespace timeslice::models {

/// Classes without the parameters that they need, or on a scheduler that has none; reservations of
/// deadline threads beyond what the kernel admits. Empty if all is well.
[[nodiscard]] std::vector<sim::Error> check_classes(const WorldSpec& spec);

}  // namespace timeslice::models
