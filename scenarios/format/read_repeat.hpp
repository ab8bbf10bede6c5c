// Reads `repeat`: a number, or a map that says how well the makespan is to be known.
#pragma once

#include "scenarios/format/fields.hpp"
#include "scenarios/format/scenario.hpp"

namespace timeslice::scenarios {

/// `scenario` is the whole scenario's fields. Problems go to its reporter; the result is usable.
[[nodiscard]] Repeat read_repeat(Fields& scenario);

}  // namespace timeslice::scenarios
