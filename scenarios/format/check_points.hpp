// What is wrong with the points of a sweep. Cost: each point up to 10 000 is read whole; of larger
// sweeps those along the axes.
#pragma once

#include "scenarios/format/plan_state.hpp"

namespace timeslice::scenarios {

/// Reports what is wrong with points; what only some of them have says which, unless its place is
/// the value of the matrix itself.
void check_points(const Plan::State& state, Reporter& reporter);

}  // namespace timeslice::scenarios
