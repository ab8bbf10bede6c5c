// Runs the steps of a task, or of main, as the program of a simulated thread.
//
// With Python the thread holds the GIL on entry and on return, keeps it across consecutive python
// steps and releases it around native, io and sleep steps as CPython does. A coroutine that was
// cancelled returns at once from its await and all steps around it (Actor::cancelled). Draws are
// keyed as models/work/draws.hpp says. Cost: one pooled coroutine frame a call and a nesting level.
#pragma once

#include "models/python/process.hpp"
#include "models/work/draws.hpp"
#include "models/work/step.hpp"
#include "sim/process.hpp"

namespace timeslice::models {

/// Runs `steps` in `actor`. Requires: `steps` outlives the call; the world passed check_world.
[[nodiscard]] sim::Process<> run_steps(Actor& actor, const Steps& steps, DrawScope scope);

/// Number of the first of `items` items of `task` that `step` in `scope` hands over.
[[nodiscard]] std::uint32_t first_number(Context& world, TaskIndex task, std::uint64_t items,
                                         const DrawScope& scope, std::uint32_t step);

/// How much longer bytecode takes than its nominal duration in this runtime: the Python version's
/// factor, and the price of free threading.
[[nodiscard]] double python_stretch(const RuntimeSpec& runtime);

}  // namespace timeslice::models
