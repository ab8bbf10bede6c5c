// The table of keys: machines, operating systems, runtimes.

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
constexpr std::array<Choice, 3> platforms{{
    {.word = "linux"}, {.word = "macos"}, {.word = "windows"}}};
constexpr std::array<Choice, 3> heirs{{
    {.word = "random"}, {.word = "first"}, {.word = "last"}}};

constexpr std::array<Key, 19> machine_keys{{
    {.name = "extends", .type = Type::text,
     .doc = "a machine that this one changes: a name, a path, ideal-N or `host`"},
    {.name = "timeslice", .type = Type::count, .low = 1, .high = 1, .doc = "format version, 1"},
    {.name = "name", .type = Type::text, .fallback = "the file's name", .doc = "short name"},
    {.name = "about", .type = Type::text, .doc = "what it is"},
    {.name = "source", .type = Type::text, .doc = "where the numbers come from"},
    {.name = "packages", .type = Type::count, .low = 1, .high = 1024, .limit = true,
     .fallback = "1", .doc = "sockets"},
    {.name = "cores", .type = Type::count, .low = 1, .high = 65'536, .limit = true,
     .fallback = "1", .doc = "cores of a package"},
    {.name = "core_kinds", .type = Type::sections, .section = "core_kind",
     .doc = "kinds of cores of a package, instead of `cores`"},
    {.name = "smt", .type = Type::count, .low = 1, .high = 8, .fallback = "1",
     .doc = "hardware threads of a core"},
    {.name = "clock", .type = Type::section, .section = "clock", .doc = "frequencies"},
    {.name = "speed", .type = Type::section, .section = "speed",
     .doc = "speed against the reference machine of the presets"},
    {.name = "caches", .type = Type::section, .section = "caches", .doc = "caches"},
    {.name = "memory", .type = Type::section, .section = "memory", .doc = "main memory"},
    {.name = "smt_gain", .type = Type::number, .low = 1, .high = 2, .fallback = "1.25",
     .doc = "two equal threads on one core do this times the work of one"},
    {.name = "costs", .type = Type::section, .section = "costs",
     .doc = "what the operating system charges here; giving any says that they are known"},
    {.name = "os", .type = Type::section, .section = "os", .doc = "defaults for `os` here"},
    {.name = "runtimes", .type = Type::named, .section = "runtime_costs",
     .doc = "measured costs of each Python, by version (\"3.13t\": free-threaded)"},
    {.name = "hwloc", .type = Type::text,
     .later = "name the hwloc file itself: `machine: file.xml`, or `extends: file.xml`"},
    {.name = "noise", .type = Type::section, .section = "noise",
     .later = "speed that changes over time is not read from machine files in this version"},
}};

constexpr std::array<Key, 4> core_kind_keys{{
    {.name = "name", .type = Type::text, .required = true, .doc = "such as P or E"},
    {.name = "count", .type = Type::count, .low = 1, .high = 65'536, .limit = true,
     .required = true, .doc = "cores of this kind in a package"},
    {.name = "smt", .type = Type::count, .low = 1, .high = 8, .fallback = "1",
     .doc = "hardware threads of such a core"},
    {.name = "speed", .type = Type::number, .low = 0.001, .high = 1, .fallback = "1",
     .doc = "relative to the fastest kind"},
}};

constexpr std::array<Key, 2> clock_keys{{
    {.name = "base", .type = Type::frequency, .doc = "guaranteed with all cores busy"},
    {.name = "turbo", .type = Type::turbo,
     .doc = "up to so many active cores of a package: this frequency"},
}};

constexpr std::array<Key, 3> speed_keys{{
    {.name = "python", .type = Type::number, .low = 1e-3, .high = 1e3, .fallback = "1",
     .doc = "bytecode"},
    {.name = "native", .type = Type::number, .low = 1e-3, .high = 1e3, .fallback = "1",
     .doc = "C code in cache"},
    {.name = "memory", .type = Type::number, .low = 1e-3, .high = 1e3, .fallback = "1",
     .doc = "memory-bound C code"},
}};

constexpr std::array<Key, 4> cache_keys{{
    {.name = "l1d", .type = Type::cache, .doc = "level 1, data"},
    {.name = "l1i", .type = Type::cache, .doc = "level 1, instructions"},
    {.name = "l2", .type = Type::cache, .doc = "level 2"},
    {.name = "l3", .type = Type::cache, .doc = "level 3"},
}};

constexpr std::array<Key, 6> memory_keys{{
    {.name = "bandwidth", .type = Type::bandwidth, .doc = "of a node: `40GiB/s per node`"},
    {.name = "one_core", .type = Type::bandwidth, .doc = "what one core can draw"},
    {.name = "local", .type = Type::duration, .doc = "latency to the own node"},
    {.name = "remote", .type = Type::duration, .doc = "latency to another package's node"},
    {.name = "size", .type = Type::bytes, .doc = "of the whole machine"},
    {.name = "nodes", .type = Type::count, .low = 1, .high = 64, .limit = true, .fallback = "1",
     .doc = "memory nodes of a package"},
}};

constexpr std::array<Key, 15> cost_keys{{
    {.name = "switch", .type = Type::duration, .fallback = "1.5us", .doc = "a context switch"},
    {.name = "wake_idle_cpu", .type = Type::duration, .fallback = "28us",
     .doc = "until a woken thread runs on an idle CPU"},
    {.name = "wake_idle_cpu_jitter", .type = Type::duration, .fallback = "10us",
     .doc = "uniform, added to it"},
    {.name = "wake_syscall", .type = Type::duration, .fallback = "1.2us",
     .doc = "a call that wakes another thread"},
    {.name = "syscall", .type = Type::duration, .fallback = "150ns", .doc = "a call that does not"},
    {.name = "migration", .type = Type::duration, .fallback = "2us",
     .doc = "moving a thread to another CPU"},
    {.name = "tick", .type = Type::duration, .fallback = "1us", .doc = "a timer tick"},
    {.name = "thread_start", .type = Type::duration, .fallback = "31us", .doc = "starting a thread"},
    {.name = "thread_exit", .type = Type::duration, .fallback = "15us", .doc = "its end"},
    {.name = "fork", .type = Type::duration, .fallback = "86us", .doc = "fork of a small process"},
    {.name = "fork_per_mib", .type = Type::duration, .fallback = "28us",
     .doc = "more for each MiB of resident memory"},
    {.name = "process_exit", .type = Type::duration, .fallback = "600us", .doc = "a process's end"},
    {.name = "pipe_message", .type = Type::duration, .fallback = "2.5us",
     .doc = "one write or read of a pipe"},
    {.name = "pipe_copy_per_kib", .type = Type::duration, .fallback = "300ns",
     .doc = "copying 1 KiB through a pipe"},
    {.name = "page_fault", .type = Type::duration, .fallback = "2.06us",
     .doc = "first touch of a 4 KiB page"},
}};

constexpr std::array<Key, 8> os_keys{{
    {.name = "scheduler", .type = Type::choice, .choices = schedulers, .fallback = "linux-6.12",
     .doc = "a preset, or a policy with its defaults"},
    {.name = "policy", .type = Type::section, .section = "policy", .doc = "the policy in detail"},
    {.name = "tick", .type = Type::duration, .fallback = "4ms", .doc = "timer tick; 0: none"},
    {.name = "random_tick_phase", .type = Type::boolean, .fallback = "on",
     .doc = "each CPU's tick starts anywhere"},
    {.name = "timer_slack", .type = Type::duration, .fallback = "50us",
     .doc = "timers may be this late"},
    {.name = "timer_latency", .type = Type::duration, .fallback = "20us",
     .doc = "from a timer's expiry until its thread is queued"},
    {.name = "balance", .type = Type::section, .section = "balance",
     .doc = "how threads spread over CPUs"},
    {.name = "groups", .type = Type::named, .section = "group",
     .doc = "groups of threads (containers), nested, by name"},
}};

constexpr std::array<Key, 6> policy_keys{{
    {.name = "kind", .type = Type::choice, .choices = policies, .doc = "which policy"},
    {.name = "slice", .type = Type::duration, .low = 1000,
     .fallback = "by kind: rr 100ms, fair 0.7ms",
     .doc = "longest run while others wait; 1us at least"},
    {.name = "scale_by_cpus", .type = Type::boolean,
     .fallback = "on for Linux presets, off where a slice is written",
     .doc = "multiply the slice by 1 + log2(CPUs up to 8), as Linux does"},
    {.name = "queue", .type = Type::choice, .choices = queue_scopes, .fallback = "per-cpu",
     .doc = "how many queues"},
    {.name = "wakeup_preemption", .type = Type::boolean, .fallback = "on",
     .doc = "a woken thread may take the CPU at once (fair only)"},
    {.name = "protect", .type = Type::duration, .fallback = "0.7ms",
     .doc = "a thread just picked is safe from that for so long (fair only)"},
}};

constexpr std::array<Key, 7> balance_keys{{
    {.name = "preset", .type = Type::choice, .choices = balance_presets,
     .doc = "sets all below; they may change it again"},
    {.name = "move_on_wake", .type = Type::number, .high = 1, .fallback = "1",
     .doc = "probability that a woken thread leaves a busy CPU for an idle one"},
    {.name = "pull_when_idle", .type = Type::number, .high = 1, .fallback = "1",
     .doc = "probability that a CPU that runs dry pulls a thread"},
    {.name = "pull_when_idle_hot", .type = Type::number, .high = 1, .fallback = "1",
     .doc = "the same for a thread that ran within `cache_hot`"},
    {.name = "pull_at_tick", .type = Type::number, .high = 1, .fallback = "1",
     .doc = "probability that an idle CPU pulls at a tick of a busy one"},
    {.name = "cache_hot", .type = Type::duration, .fallback = "500us",
     .doc = "how long a thread counts as cache-hot"},
    {.name = "rotate_every", .type = Type::duration, .fallback = "112ms",
     .doc = "mean time between passes of the periodic balancer; 0: never"},
}};

constexpr std::array<Key, 5> group_keys{{
    {.name = "weight", .type = Type::count, .low = 1, .high = 10'000, .fallback = "100",
     .doc = "cpu.weight of cgroup v2"},
    {.name = "parent", .type = Type::text, .doc = "the group around it; none: the root"},
    {.name = "cpu_max", .type = Type::text,
     .later = "CPU quotas of groups are not modelled in this version"},
    {.name = "cpus", .type = Type::counts,
     .later = "CPU sets of groups are not modelled in this version"},
    {.name = "cpu_idle", .type = Type::boolean,
     .later = "idle groups are not modelled in this version"},
}};

constexpr std::array<Key, 9> runtime_keys{{
    {.name = "python", .type = Type::version, .fallback = "3.11", .doc = "CPython's version"},
    {.name = "gil", .type = Type::boolean, .fallback = "on",
     .doc = "off: the free-threaded build"},
    {.name = "switch_interval", .type = Type::duration, .low = 1000, .fallback = "5ms",
     .doc = "sys.setswitchinterval"},
    {.name = "heir", .type = Type::choice, .choices = heirs, .fallback = "random",
     .doc = "which waiter gets a dropped GIL"},
    {.name = "poll_granularity", .type = Type::duration, .low = 1, .fallback = "50ns",
     .doc = "longest stretch of bytecode between two looks at the eval breaker"},
    {.name = "free_threading", .type = Type::number, .low = 1, .high = 10,
     .fallback = "by version: 3.13 1.4, later 1.1",
     .doc = "how much longer bytecode takes without a GIL"},
    {.name = "platform", .type = Type::choice, .choices = platforms, .fallback = "linux",
     .doc = "decides the default start method"},
    {.name = "memory", .type = Type::bytes, .fallback = "30MiB",
     .doc = "resident size of the main process; it drives the cost of fork"},
    {.name = "costs", .type = Type::section, .section = "runtime_costs",
     .doc = "over the machine's costs of this Python"},
}};

constexpr std::array<Key, 23> runtime_cost_keys{{
    {.name = "speed", .type = Type::section, .section = "speed",
     .doc = "speed against CPython 3.11 on the same machine, by kind of step"},
    {.name = "gil_take", .type = Type::duration, .fallback = "100ns", .doc = "taking a free GIL"},
    {.name = "lock", .type = Type::duration, .fallback = "120ns",
     .doc = "uncontended acquire and release"},
    {.name = "thread_object", .type = Type::duration, .fallback = "20us",
     .doc = "Thread() and start() in Python"},
    {.name = "submit", .type = Type::duration, .fallback = "7us", .doc = "executor.submit"},
    {.name = "item", .type = Type::duration, .fallback = "135ns", .doc = "one item in a pool chunk"},
    {.name = "thread_item", .type = Type::duration, .fallback = "4us",
     .doc = "one item of a thread pool"},
    {.name = "pool_put", .type = Type::duration, .fallback = "5us",
     .doc = "task handler: pickling one chunk"},
    {.name = "pool_get", .type = Type::duration, .fallback = "4us",
     .doc = "worker: unpickling one chunk"},
    {.name = "pool_result", .type = Type::duration, .fallback = "5us",
     .doc = "worker: pickling one result"},
    {.name = "pool_store", .type = Type::duration, .fallback = "5us",
     .doc = "result handler: unpickling and storing"},
    {.name = "worker_handler_turn", .type = Type::duration, .fallback = "8us",
     .doc = "one look of Pool's third thread"},
    {.name = "pool_create", .type = Type::duration, .fallback = "600us",
     .doc = "queues, locks and handler threads"},
    {.name = "process_object", .type = Type::duration, .fallback = "300us",
     .doc = "Process(), flush, bookkeeping"},
    {.name = "fork_child", .type = Type::duration, .fallback = "1.1ms",
     .doc = "after fork until the target runs"},
    {.name = "child_exit", .type = Type::duration, .fallback = "1.2ms", .doc = "a child's end"},
    {.name = "spawn_parent", .type = Type::duration, .fallback = "1.1ms",
     .doc = "what spawn costs the parent"},
    {.name = "interpreter_start", .type = Type::duration, .fallback = "39ms",
     .doc = "spawn: exec until the target runs"},
    {.name = "resource_tracker", .type = Type::duration, .fallback = "27ms",
     .doc = "once, for spawn and forkserver"},
    {.name = "forkserver_start", .type = Type::duration, .fallback = "60ms", .doc = "once"},
    {.name = "forkserver_child", .type = Type::duration, .fallback = "15ms",
     .doc = "a child of the fork server"},
    {.name = "pickle_per_kib", .type = Type::duration, .fallback = "69ns",
     .doc = "pickling 1 KiB of bytes, each way"},
    {.name = "cpp_task", .type = Type::duration, .fallback = "200ns",
     .doc = "one task of a C++ pool"},
}};

constexpr std::array<Key, 1> noise_keys{{
    {.name = "speed", .type = Type::text, .doc = "speed over time"},
}};

constexpr std::array<Section, 14> sections{{
    {"machine", "A machine: a file under scenarios/machines, or a map in a scenario.",
     machine_keys},
    {"core_kind", "Cores that are alike.", core_kind_keys},
    {"clock", "Clock frequencies.", clock_keys},
    {"speed", "How fast each kind of step runs.", speed_keys},
    {"caches", "Size of one cache of a level and who shares it: `32MiB shared by package`, "
     "`core` or `4 cores`; alone it is a core's own (l3: a package's).",
     cache_keys},
    {"memory", "Main memory.", memory_keys},
    {"costs", "What the operating system charges. Defaults: measured on the reference guest.",
     cost_keys},
    {"noise", "Speed that changes over time.", noise_keys},
    {"os", "Who schedules. Scenario over machine file over preset.", os_keys},
    {"policy", "A scheduling policy and its knobs.", policy_keys},
    {"balance", "Load balancing.", balance_keys},
    {"group", "A group of threads, scheduled as one.", group_keys},
    {"runtime", "Which CPython.", runtime_keys},
    {"runtime_costs", "What CPython's machinery costs. Defaults: measured on the reference guest.",
     runtime_cost_keys},
}};

}  // namespace

std::span<const Section> machine_sections() { return sections; }

}  // namespace timeslice::scenarios
