// The table of keys: operating systems.

#include <array>

#include "scenarios/format/keys.hpp"
#include "scenarios/format/keys_balance.hpp"
#include "scenarios/format/keys_groups.hpp"

namespace timeslice::scenarios {
namespace {

constexpr std::array<Choice, 17> schedulers{{
    {.word = "linux-6.1", .doc = "CFS"},
    {.word = "linux-6.6", .doc = "EEVDF, base slice 0.75 ms"},
    {.word = "linux-6.12", .doc = "EEVDF, base slice 0.70 ms, delayed dequeue"},
    {.word = "linux-6.17", .doc = "as linux-6.12, protection for the shortest slice"},
    {.word = "eevdf", .doc = "as linux-6.12"},
    {.word = "cfs", .doc = "as linux-6.1"},
    {.word = "fair", .doc = "as linux-6.12"},
    {.word = "rr", .doc = "round robin"},
    {.word = "fifo", .doc = "first in, first out; no slices"},
    {.word = "sjf", .doc = "this and those below: see `policy`"},
    {.word = "srtf"},
    {.word = "priority"},
    {.word = "mlfq"},
    {.word = "lottery"},
    {.word = "stride"},
    {.word = "edf"},
    {.word = "rm"},
}};

constexpr std::array<Choice, 13> policies{{
    {.word = "fifo"},
    {.word = "rr"},
    {.word = "fair"},
    {.word = "eevdf"},
    {.word = "cfs"},
    {.word = "sjf", .doc = "shortest burst first, not preemptive"},
    {.word = "srtf", .doc = "shortest remaining burst first"},
    {.word = "priority", .doc = "static priorities, with ageing if `age` says so"},
    {.word = "mlfq", .doc = "multi-level feedback queue"},
    {.word = "lottery", .doc = "a slice to the holder of a drawn ticket"},
    {.word = "stride", .doc = "the lottery's shares without chance"},
    {.word = "edf", .doc = "earliest deadline first"},
    {.word = "rm", .doc = "rate monotonic: shortest period first"},
}};

constexpr std::array<Choice, 4> protections{{
    {.word = "none"},
    {.word = "deadline", .doc = "to the end of its request (6.6 to 6.16)"},
    {.word = "min-slice", .doc = "for the shortest slice on the queue (6.17 on)"},
    {.word = "unscaled", .doc = "for the base slice before scaling (no RUN_TO_PARITY)"},
}};

constexpr std::array<Choice, 2> queue_scopes{{
    {.word = "per-cpu", .doc = "a queue for each CPU, with balancing"},
    {.word = "shared", .doc = "one queue for all CPUs"},
}};
constexpr std::array<Key, 11> os_keys{{
    {.name = "scheduler",
     .type = Type::choice,
     .choices = schedulers,
     .fallback = "linux-6.12",
     .doc = "a preset, or a policy with its defaults"},
    {.name = "policy", .type = Type::section, .section = "policy", .doc = "the policy in detail"},
    {.name = "tick", .type = Type::duration, .fallback = "4ms", .doc = "timer tick; 0: none"},
    {.name = "random_tick_phase",
     .type = Type::boolean,
     .fallback = "on",
     .doc = "each CPU's tick starts anywhere"},
    {.name = "timer_slack",
     .type = Type::duration,
     .fallback = "50us",
     .doc = "timers may be this late"},
    {.name = "timer_latency",
     .type = Type::duration,
     .fallback = "20us",
     .doc = "from a timer's expiry until its thread is queued"},
    {.name = "balance",
     .type = Type::section,
     .section = "balance",
     .doc = "how threads spread over CPUs"},
    {.name = "groups",
     .type = Type::named,
     .section = "group",
     .doc = "groups of threads (containers), nested, by name"},
    {.name = "program_group",
     .type = Type::text,
     .doc = "the group of main and of executors that name none; none: the root"},
    {.name = "autogroup",
     .type = Type::boolean,
     .fallback = "off",
     .doc = "the program and each background program are groups of their own, as sessions are"},
    {.name = "random_quota_phase",
     .type = Type::boolean,
     .fallback = "on",
     .doc = "periods of `cpu_max` start anywhere; off: when a group first runs"},
}};

constexpr std::array<Key, 17> policy_keys{{
    {.name = "kind", .type = Type::choice, .choices = policies, .doc = "which policy"},
    {.name = "slice",
     .type = Type::duration,
     .low = 1000,
     .fallback = "by kind: rr 100ms, eevdf 0.7ms, mlfq, lottery and stride 10ms",
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
    {.name = "age",
     .type = Type::duration,
     .fallback = "0",
     .doc = "waiting time that is worth one level (priority only); 0: no ageing"},
    {.name = "levels",
     .type = Type::count,
     .low = 1,
     .high = 30,
     .fallback = "3",
     .doc = "how many queues; the slice doubles from one to the next (mlfq only)"},
    {.name = "boost",
     .type = Type::duration,
     .fallback = "1s",
     .doc = "how often all go back to the top (mlfq only); 0: never"},
}};

constexpr std::array<Section, 4> sections{{
    {"os", "Who schedules. Scenario over machine file over preset.", os_keys},
    {"policy", "A scheduling policy and its knobs.", policy_keys},
    {"balance", "Load balancing.", balance_keys},
    {"group", "A group of threads, scheduled as one.", group_keys},
}};

}  // namespace

std::span<const Section> os_sections() {
  return sections;
}

}  // namespace timeslice::scenarios
