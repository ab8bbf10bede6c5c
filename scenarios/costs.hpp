// The cost waterfall: what each kind of effect adds to a makespan.
//
// The run is simulated again with all effects off, then with one more switched on each time, in
// the order of the contract: GIL, start, IPC, switches, contention, rest. A cost is the difference
// that its effect made, so signs are kept and all of them sum to the makespan exactly. Same seeds,
// so same work. docs/models/costs-waterfall.md. Cost: six more simulations a run.
#pragma once

#include "models/work/timings.hpp"
#include "models/world_spec.hpp"
#include "sim/engine.hpp"

namespace timeslice::scenarios {

/// Adds cost_ideal, cost_gil ... to `timings`, which is the result of running `world`. Leaves them
/// out with a warning where one of the runs does not end well.
void add_costs(const models::WorldSpec& world, const sim::Limits& limits, models::Timings& timings);

}  // namespace timeslice::scenarios
