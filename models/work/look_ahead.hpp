// How much CPU work a program does until it next waits: what sjf and srtf are told.
//
// Durations are pure functions of their keys, so they can be drawn before they are used: the length
// is exact, but for waits that nobody knows beforehand (locks, the GIL) and for costs of kernel and
// runtime. Cost: one draw a step looked at, and only with a policy that orders by length.
#pragma once

#include <cstddef>
#include <cstdint>

#include "models/python/process.hpp"
#include "models/work/draws.hpp"
#include "models/work/step.hpp"

namespace timeslice::models {

/// Steps that are looked at in one go; what lies further ahead counts as not there.
constexpr std::uint32_t most_steps_ahead = 100'000;

/// Where a program is: a list of steps or a loop around one, inside of other ones. Lives in the
/// frame of the coroutine that runs them.
struct Place {
  const Steps* steps = nullptr;
  std::size_t next = 0;           // the step after the present one; of a loop: the next turn
  std::uint64_t turns = 0;        // of a loop; 0: a list
  DrawScope scope;                // of the list; of what is around a loop
  const Place* around = nullptr;  // what goes on after it
};

/// Whether the policy wants to hear of lengths.
[[nodiscard]] bool looks_ahead(const Context& world);

/// Nominal CPU time from the start of `steps` to their first wait or their end.
[[nodiscard]] sim::Duration burst_of(const Context& world, const Steps& steps,
                                     const DrawScope& scope);

/// Tells the policy that `thread` is to begin with `steps`. Nothing if it does not look ahead.
void announce_start(Context& world, ThreadId thread, const Steps& steps, const DrawScope& scope);

/// Tells the policy what `actor` does after the wait that it is about to begin.
void announce_rest(Actor& actor);

}  // namespace timeslice::models
