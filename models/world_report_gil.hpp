// What a report says about interpreters without a GIL.
#pragma once

#include <string>

#include "models/work/context.hpp"
#include "models/work/timings.hpp"
#include "models/world_accounts.hpp"

namespace timeslice::models {

/// `gc_pauses` and `gc_paused`: how often collections stopped all threads of an interpreter, and
/// for how long in all. Nothing with a GIL.
void add_pauses(const Context& world, const WorldAccounts& accounts, Timings& timings);

/// Warns where the runtime has no GIL. `python`: "CPython 3.13".
void add_gil_doubts(Context& world, const std::string& python);

}  // namespace timeslice::models
