// The table of keys: os.balance.
#pragma once

#include <array>

#include "scenarios/format/keys.hpp"

namespace timeslice::scenarios {

inline constexpr std::array<Choice, 3> balance_kinds{{
    {.word = "linux", .doc = "Linux's mechanism over scheduling domains"},
    {.word = "work-conserving", .doc = "no CPU idles while a thread waits"},
    {.word = "measured", .doc = "chances measured on one machine"},
}};
inline constexpr std::array<Choice, 3> newidle_gates{{
    {.word = "cost", .doc = "while idle times are longer than a search costs; up to 2025"},
    {.word = "rising-cost", .doc = "and failures raise that cost; 6.16 to 6.18.4"},
    {.word = "proportional", .doc = "and as often as searches succeed; from 6.12.65, 6.18.5"},
}};

inline constexpr std::array<Key, 12> balance_keys{{
    {.name = "kind",
     .type = Type::choice,
     .choices = balance_kinds,
     .fallback = "by scheduler: linux for Linux presets with a tick, else work-conserving",
     .doc = "who moves threads between CPUs"},
    {.name = "move_on_wake",
     .type = Type::number,
     .high = 1,
     .fallback = "1",
     .doc = "probability that a woken thread leaves a busy CPU for an idle one"},
    {.name = "pull_when_idle",
     .type = Type::number,
     .high = 1,
     .fallback = "1",
     .doc = "probability that a CPU that runs dry pulls a thread"},
    {.name = "pull_when_idle_hot",
     .type = Type::number,
     .high = 1,
     .fallback = "1",
     .doc = "the same for a thread that ran within `cache_hot`"},
    {.name = "pull_at_tick",
     .type = Type::number,
     .high = 1,
     .fallback = "1",
     .doc = "probability that an idle CPU pulls at a tick of a busy one"},
    {.name = "cache_hot",
     .type = Type::duration,
     .fallback = "500us",
     .doc = "how long a thread counts as cache-hot (linux: its migration cost)"},
    {.name = "rotate_every",
     .type = Type::duration,
     .fallback = "112ms",
     .doc = "mean time between passes of the periodic balancer; 0: never"},
    {.name = "newidle_gate",
     .type = Type::choice,
     .choices = newidle_gates,
     .fallback = "proportional",
     .doc = "linux: when a CPU that runs dry searches the others"},
    {.name = "newidle_success",
     .type = Type::number,
     .high = 1,
     .fallback = "0.17",
     .doc = "linux: part of such searches that succeeded before the run"},
    {.name = "newidle_look",
     .type = Type::duration,
     .fallback = "200ns",
     .doc = "linux: cost of a search for each CPU looked at"},
    {.name = "wake_affine",
     .type = Type::boolean,
     .fallback = "on",
     .doc = "linux: a woken thread may come to its waker's CPU"},
    {.name = "scan_limit",
     .type = Type::boolean,
     .fallback = "on",
     .doc = "linux: the busier a cache, the fewer of its CPUs a wake-up looks at"},
}};

}  // namespace timeslice::scenarios
