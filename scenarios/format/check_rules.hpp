// Checks the rules under `expect` against the plan that they are about.
#pragma once

#include "scenarios/format/plan_state.hpp"

namespace timeslice::scenarios {

/// Reports rules that cannot be read, or that name metrics, parameters or values which no point
/// has. Points that the command line left out are no error.
void check_rules(const Plan::State& state, Reporter& reporter);

}  // namespace timeslice::scenarios
