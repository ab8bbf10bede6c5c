// What a report says about memory: peaks of processes, and whether the machine has room for them.
#pragma once

#include "models/work/context.hpp"
#include "models/work/timings.hpp"

namespace timeslice::models {

/// `peak_memory`, `peak_rss` and `peak_private`, and a doubt where hardly any memory is left.
/// Nothing without Python processes.
void add_memory(Context& world, Timings& timings);

}  // namespace timeslice::models
