// The table of keys: scheduling policies. A part of keys_machine.cpp, which alone includes it.
#pragma once

#include <array>
#include <string_view>

#include "scenarios/format/keys.hpp"

namespace timeslice::scenarios {

inline constexpr std::string_view rt_later = "this policy is not modelled in this version";

inline constexpr std::array<Choice, 9> schedulers{{
    {.word = "linux-6.1", .doc = "CFS"},
    {.word = "linux-6.6", .doc = "EEVDF, base slice 0.75 ms"},
    {.word = "linux-6.12", .doc = "EEVDF, base slice 0.70 ms, delayed dequeue"},
    {.word = "linux-6.17", .doc = "as linux-6.12, protection for the shortest slice"},
    {.word = "eevdf", .doc = "as linux-6.12"},
    {.word = "cfs", .doc = "as linux-6.1"},
    {.word = "fair", .doc = "as linux-6.12"},
    {.word = "rr", .doc = "round robin"},
    {.word = "fifo", .doc = "first in, first out; no slices"},
}};

inline constexpr std::array<Choice, 13> policies{{
    {.word = "fifo"},
    {.word = "rr"},
    {.word = "fair"},
    {.word = "eevdf"},
    {.word = "cfs"},
    {.word = "sjf", .later = rt_later},
    {.word = "srtf", .later = rt_later},
    {.word = "priority", .later = rt_later},
    {.word = "mlfq", .later = rt_later},
    {.word = "lottery", .later = rt_later},
    {.word = "stride", .later = rt_later},
    {.word = "edf", .later = rt_later},
    {.word = "rm", .later = rt_later},
}};

inline constexpr std::array<Choice, 4> protections{{
    {.word = "none"},
    {.word = "deadline", .doc = "to the end of its request (6.6 to 6.16)"},
    {.word = "min-slice", .doc = "for the shortest slice on the queue (6.17 on)"},
    {.word = "unscaled", .doc = "for the base slice before scaling (no RUN_TO_PARITY)"},
}};

inline constexpr std::array<Choice, 2> queue_scopes{{
    {.word = "per-cpu", .doc = "a queue for each CPU, with balancing"},
    {.word = "shared", .doc = "one queue for all CPUs"},
}};

inline constexpr std::array<Key, 14> policy_keys{{
    {.name = "kind", .type = Type::choice, .choices = policies, .doc = "which policy"},
    {.name = "slice",
     .type = Type::duration,
     .low = 1000,
     .fallback = "by kind: rr 100ms, eevdf 0.7ms",
     .doc = "longest run while others wait; 1us at least; not for cfs"},
    {.name = "scale_by_cpus",
     .type = Type::boolean,
     .fallback = "on for Linux presets, off where a slice is written",
     .doc = "multiply times by 1 + log2(CPUs up to 8), as Linux does"},
    {.name = "queue",
     .type = Type::choice,
     .choices = queue_scopes,
     .fallback = "per-cpu",
     .doc = "how many queues"},
    {.name = "wakeup_preemption",
     .type = Type::boolean,
     .fallback = "on",
     .doc = "a woken thread may take the CPU at once (eevdf, cfs)"},
    {.name = "protect",
     .type = Type::choice,
     .choices = protections,
     .fallback = "by scheduler",
     .doc = "eevdf: how long a thread just picked is safe from that"},
    {.name = "delayed_dequeue",
     .type = Type::boolean,
     .fallback = "on from 6.12",
     .doc = "eevdf: who sleeps with a debt stays queued until it is paid"},
    {.name = "short_preempts",
     .type = Type::boolean,
     .fallback = "on from 6.12",
     .doc = "eevdf: a shorter slice ends the protection"},
    {.name = "keeps_request",
     .type = Type::boolean,
     .fallback = "on from 6.12",
     .doc = "eevdf: who moves keeps what is left of its request"},
    {.name = "latency",
     .type = Type::duration,
     .low = 1000,
     .fallback = "6ms",
     .doc = "cfs: time in which up to eight threads run once; scaled by CPUs"},
    {.name = "min_granularity",
     .type = Type::duration,
     .low = 1000,
     .fallback = "0.75ms",
     .doc = "cfs: least slice; scaled by CPUs"},
    {.name = "wakeup_granularity",
     .type = Type::duration,
     .fallback = "1ms",
     .doc = "cfs: how far behind a woken thread preempts; scaled by CPUs"},
    {.name = "gentle_sleepers",
     .type = Type::boolean,
     .fallback = "on",
     .doc = "cfs: a sleeper gets half the latency as credit, not all of it"},
    {.name = "start_debit",
     .type = Type::boolean,
     .fallback = "on",
     .doc = "cfs: a new thread begins one slice behind"},
}};

}  // namespace timeslice::scenarios
