// Steps that only a coroutine of an event loop can do: it waits without keeping its thread.
//
// Requires of all: actor.loop runs in this thread and the caller is its current coroutine; the
// world passed check_world, which refuses these steps elsewhere.
#pragma once

#include "models/python/process.hpp"
#include "models/work/draws.hpp"
#include "models/work/items.hpp"
#include "models/work/step.hpp"
#include "sim/process.hpp"

namespace timeslice::models {

[[nodiscard]] sim::Process<> run_await(Actor& actor, const AwaitStep& step, DrawScope scope,
                                       std::uint32_t number);

[[nodiscard]] sim::Process<> run_timeout(Actor& actor, const TimeoutStep& step, DrawScope scope,
                                         std::uint32_t number);

/// Tasks of the actor's own loop, or run_in_executor for each item; waits for all.
[[nodiscard]] sim::Process<> gather_items(Actor& actor, BatchId batch);

/// Whether a `submit` to `executor` creates tasks of the loop that runs the actor.
[[nodiscard]] bool in_own_loop(const Actor& actor, ExecutorIndex executor);

/// The executor of the loop that runs the actor.
[[nodiscard]] ExecutorIndex own_loop(const Actor& actor);

/// create_task for each item.
[[nodiscard]] sim::Process<> create_tasks(Actor& actor, BatchId batch);

/// Awaits tasks of the actor's own loop one after the other, as a loop over them does.
[[nodiscard]] sim::Process<> await_tasks(Actor& actor, BatchId batch);

}  // namespace timeslice::models
