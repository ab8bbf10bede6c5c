// The table of keys: operating systems.

#include <array>

#include "scenarios/format/keys.hpp"

namespace timeslice::scenarios {
namespace {

constexpr std::string_view rt_later = "this policy is not modelled in this version";

constexpr std::array<Choice, 8> schedulers{{
    {.word = "linux-6.1", .doc = "CFS"},
    {.word = "linux-6.6", .doc = "EEVDF, base slice 0.75 ms"},
    {.word = "linux-6.12", .doc = "EEVDF, base slice 0.70 ms"},
    {.word = "eevdf", .doc = "as linux-6.12"},
    {.word = "cfs", .doc = "as linux-6.1"},
    {.word = "fair", .doc = "weighted fair queueing"},
    {.word = "rr", .doc = "round robin"},
    {.word = "fifo", .doc = "first in, first out; no slices"},
}};

constexpr std::array<Choice, 13> policies{{
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

constexpr std::array<Choice, 2> queue_scopes{{
    {.word = "per-cpu", .doc = "a queue for each CPU, with balancing"},
    {.word = "shared", .doc = "one queue for all CPUs"},
}};
constexpr std::array<Choice, 1> balance_presets{{
    {.word = "work-conserving", .doc = "no CPU idles while a thread waits"},
}};

constexpr std::array<Choice, 4> preemption_words{{
    {.word = "none", .doc = "a system call runs to its end"},
    {.word = "voluntary", .doc = "as none here: calls are shorter than the way between two points"},
    {.word = "full", .doc = "a system call is preempted anywhere"},
    {.word = "lazy", .doc = "by real-time threads anywhere, by fair ones at a tick or its end"},
}};
constexpr std::array<Choice, 3> rt_limits{{
    {.word = "none", .doc = "real-time threads may take all of a CPU"},
    {.word = "throttle", .doc = "they stop after `runtime` of each `period` (Linux to 6.11)"},
    {.word = "fair-server",
     .doc = "starved fair threads get `server_runtime` of each `server_period` (from 6.12)"},
}};

constexpr std::array<Key, 6> rt_keys{{
    {.name = "limit",
     .type = Type::choice,
     .choices = rt_limits,
     .fallback = "by kernel: throttle before 6.12, then fair-server",
     .doc = "what keeps real-time threads from starving the others"},
    {.name = "runtime",
     .type = Type::duration,
     .low = 1000,
     .fallback = "950ms",
     .doc = "of each period; deadline threads may reserve this part of a CPU"},
    {.name = "period",
     .type = Type::duration,
     .low = 1000,
     .fallback = "1s",
     .doc = "of `runtime`"},
    {.name = "server_runtime",
     .type = Type::duration,
     .low = 1000,
     .fallback = "50ms",
     .doc = "what the fair server gives"},
    {.name = "server_period",
     .type = Type::duration,
     .low = 1000,
     .fallback = "1s",
     .doc = "once in this time"},
    {.name = "round_robin",
     .type = Type::duration,
     .low = 1000,
     .fallback = "100ms",
     .doc = "turn of an rr thread"},
}};

constexpr std::array<Key, 10> os_keys{{
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
    {.name = "rt",
     .type = Type::section,
     .section = "rt",
     .doc = "limits of real-time and deadline threads"},
    {.name = "preemption",
     .type = Type::choice,
     .choices = preemption_words,
     .fallback = "none",
     .doc = "where the kernel lets go of a CPU while it works for a thread"},
}};

constexpr std::array<Key, 6> policy_keys{{
    {.name = "kind", .type = Type::choice, .choices = policies, .doc = "which policy"},
    {.name = "slice",
     .type = Type::duration,
     .low = 1000,
     .fallback = "by kind: rr 100ms, fair 0.7ms",
     .doc = "longest run while others wait; 1us at least"},
    {.name = "scale_by_cpus",
     .type = Type::boolean,
     .fallback = "on for Linux presets, off where a slice is written",
     .doc = "multiply the slice by 1 + log2(CPUs up to 8), as Linux does"},
    {.name = "queue",
     .type = Type::choice,
     .choices = queue_scopes,
     .fallback = "per-cpu",
     .doc = "how many queues"},
    {.name = "wakeup_preemption",
     .type = Type::boolean,
     .fallback = "on",
     .doc = "a woken thread may take the CPU at once (fair only)"},
    {.name = "protect",
     .type = Type::duration,
     .fallback = "0.7ms",
     .doc = "a thread just picked is safe from that for so long (fair only)"},
}};

constexpr std::array<Key, 7> balance_keys{{
    {.name = "preset",
     .type = Type::choice,
     .choices = balance_presets,
     .doc = "sets all below; they may change it again"},
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
     .doc = "how long a thread counts as cache-hot"},
    {.name = "rotate_every",
     .type = Type::duration,
     .fallback = "112ms",
     .doc = "mean time between passes of the periodic balancer; 0: never"},
}};

constexpr std::array<Key, 5> group_keys{{
    {.name = "weight",
     .type = Type::count,
     .low = 1,
     .high = 10'000,
     .fallback = "100",
     .doc = "cpu.weight of cgroup v2"},
    {.name = "parent", .type = Type::text, .doc = "the group around it; none: the root"},
    {.name = "cpu_max",
     .type = Type::text,
     .later = "CPU quotas of groups are not modelled in this version"},
    {.name = "cpus",
     .type = Type::counts,
     .later = "CPU sets of groups are not modelled in this version"},
    {.name = "cpu_idle",
     .type = Type::boolean,
     .later = "idle groups are not modelled in this version"},
}};

constexpr std::array<Section, 5> sections{{
    {"os", "Who schedules. Scenario over machine file over preset.", os_keys},
    {"policy", "A scheduling policy and its knobs.", policy_keys},
    {"balance", "Load balancing.", balance_keys},
    {"rt", "Limits of real-time and deadline threads.", rt_keys},
    {"group", "A group of threads, scheduled as one.", group_keys},
}};

}  // namespace

std::span<const Section> os_sections() {
  return sections;
}

}  // namespace timeslice::scenarios
