// The table of keys: machines.

#include <array>

#include "scenarios/format/keys.hpp"

namespace timeslice::scenarios {
namespace {

constexpr std::array<Key, 19> machine_keys{{
    {.name = "extends",
     .type = Type::text,
     .doc = "a machine that this one changes: a name, a path, ideal-N or `host`"},
    {.name = "timeslice", .type = Type::count, .low = 1, .high = 1, .doc = "format version, 1"},
    {.name = "name", .type = Type::text, .fallback = "the file's name", .doc = "short name"},
    {.name = "about", .type = Type::text, .doc = "what it is"},
    {.name = "source", .type = Type::text, .doc = "where the numbers come from"},
    {.name = "packages",
     .type = Type::count,
     .low = 1,
     .high = 1024,
     .limit = true,
     .fallback = "1",
     .doc = "sockets"},
    {.name = "cores",
     .type = Type::count,
     .low = 1,
     .high = 65'536,
     .limit = true,
     .fallback = "1",
     .doc = "cores of a package"},
    {.name = "core_kinds",
     .type = Type::sections,
     .section = "core_kind",
     .doc = "kinds of cores of a package, instead of `cores`"},
    {.name = "smt",
     .type = Type::count,
     .low = 1,
     .high = 8,
     .fallback = "1",
     .doc = "hardware threads of a core"},
    {.name = "clock", .type = Type::section, .section = "clock", .doc = "frequencies"},
    {.name = "speed",
     .type = Type::section,
     .section = "speed",
     .doc = "speed against the reference machine of the presets"},
    {.name = "caches", .type = Type::section, .section = "caches", .doc = "caches"},
    {.name = "memory", .type = Type::section, .section = "memory", .doc = "main memory"},
    {.name = "smt_gain",
     .type = Type::number,
     .low = 1,
     .high = 2,
     .fallback = "1.25",
     .doc = "two equal threads on one core do this times the work of one"},
    {.name = "costs",
     .type = Type::section,
     .section = "costs",
     .doc = "what the operating system charges here; giving any says that they are known"},
    {.name = "os", .type = Type::section, .section = "os", .doc = "defaults for `os` here"},
    {.name = "runtimes",
     .type = Type::named,
     .section = "runtime_costs",
     .doc = "measured costs of each Python, by version (\"3.13t\": free-threaded)"},
    {.name = "hwloc",
     .type = Type::text,
     .later = "name the hwloc file itself: `machine: file.xml`, or `extends: file.xml`"},
    {.name = "noise", .type = Type::section, .section = "noise", .doc = "what disturbs the CPUs"},
}};

constexpr std::array<Key, 4> core_kind_keys{{
    {.name = "name", .type = Type::text, .required = true, .doc = "such as P or E"},
    {.name = "count",
     .type = Type::count,
     .low = 1,
     .high = 65'536,
     .limit = true,
     .required = true,
     .doc = "cores of this kind in a package"},
    {.name = "smt",
     .type = Type::count,
     .low = 1,
     .high = 8,
     .fallback = "1",
     .doc = "hardware threads of such a core"},
    {.name = "speed",
     .type = Type::number,
     .low = 0.001,
     .high = 1,
     .fallback = "1",
     .doc = "relative to the fastest kind"},
}};

constexpr std::array<Key, 2> clock_keys{{
    {.name = "base", .type = Type::frequency, .doc = "guaranteed with all cores busy"},
    {.name = "turbo",
     .type = Type::turbo,
     .doc = "up to so many active cores of a package: this frequency"},
}};

constexpr std::array<Key, 3> speed_keys{{
    {.name = "python",
     .type = Type::number,
     .low = 1e-3,
     .high = 1e3,
     .fallback = "1",
     .doc = "bytecode"},
    {.name = "native",
     .type = Type::number,
     .low = 1e-3,
     .high = 1e3,
     .fallback = "1",
     .doc = "C code in cache"},
    {.name = "memory",
     .type = Type::number,
     .low = 1e-3,
     .high = 1e3,
     .fallback = "1",
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
    {.name = "nodes",
     .type = Type::count,
     .low = 1,
     .high = 64,
     .limit = true,
     .fallback = "1",
     .doc = "memory nodes of a package"},
}};

constexpr std::array<Key, 17> cost_keys{{
    {.name = "switch", .type = Type::duration, .fallback = "1.5us", .doc = "a context switch"},
    {.name = "wake_idle_cpu",
     .type = Type::duration,
     .fallback = "28us",
     .doc = "until a woken thread runs on an idle CPU"},
    {.name = "wake_idle_cpu_jitter",
     .type = Type::duration,
     .fallback = "10us",
     .doc = "uniform, added to it"},
    {.name = "wake_syscall",
     .type = Type::duration,
     .fallback = "1.2us",
     .doc = "a call that wakes another thread"},
    {.name = "syscall", .type = Type::duration, .fallback = "150ns", .doc = "a call that does not"},
    {.name = "migration",
     .type = Type::duration,
     .fallback = "2us",
     .doc = "moving a thread to another CPU"},
    {.name = "tick", .type = Type::duration, .fallback = "1us", .doc = "a timer tick"},
    {.name = "thread_start",
     .type = Type::duration,
     .fallback = "31us",
     .doc = "starting a thread"},
    {.name = "thread_exit", .type = Type::duration, .fallback = "15us", .doc = "its end"},
    {.name = "fork", .type = Type::duration, .fallback = "86us", .doc = "fork of a small process"},
    {.name = "fork_per_mib",
     .type = Type::duration,
     .fallback = "28us",
     .doc = "more for each MiB of resident memory"},
    {.name = "process_exit", .type = Type::duration, .fallback = "184us", .doc = "a process's end"},
    {.name = "pipe_message",
     .type = Type::duration,
     .fallback = "2.5us",
     .doc = "one write or read of a pipe"},
    {.name = "pipe_copy_per_kib",
     .type = Type::duration,
     .fallback = "300ns",
     .doc = "copying 1 KiB through a pipe"},
    {.name = "page_fault",
     .type = Type::duration,
     .fallback = "2.06us",
     .doc = "first touch of a 4 KiB page"},
    {.name = "cold_refill",
     .type = Type::duration,
     .fallback = "0",
     .doc = "refilling the caches when others ran meanwhile, at most"},
    {.name = "cold_refill_half",
     .type = Type::duration,
     .low = 1,
     .fallback = "15us",
     .doc = "after others ran for so long, half of that"},
}};

constexpr std::array<Key, 2> noise_keys{{
    {.name = "speed",
     .type = Type::text,
     .later = "speed that changes over time is not read from machine files in this version"},
    {.name = "interruptions",
     .type = Type::section,
     .section = "interruptions",
     .doc = "interrupts that take a CPU from whatever runs on it"},
}};

constexpr std::array<Key, 2> interruption_keys{{
    {.name = "every",
     .type = Type::duration,
     .low = 1000,
     .required = true,
     .doc = "mean time between two on a busy CPU; they come at random"},
    {.name = "length", .type = Type::distribution, .required = true, .doc = "of one"},
}};

constexpr std::array<Section, 9> sections{{
    {"machine", "A machine: a file under scenarios/machines, or a map in a scenario.",
     machine_keys},
    {"core_kind", "Cores that are alike.", core_kind_keys},
    {"clock", "Clock frequencies.", clock_keys},
    {"speed", "How fast each kind of step runs.", speed_keys},
    {"caches",
     "Size of one cache of a level and who shares it: `32MiB shared by package`, "
     "`core` or `4 cores`; alone it is a core's own (l3: a package's).",
     cache_keys},
    {"memory", "Main memory.", memory_keys},
    {"costs", "What the operating system charges. Defaults: measured on the reference guest.",
     cost_keys},
    {"noise", "What disturbs the CPUs.", noise_keys},
    {"interruptions", "Short interruptions, on each CPU independently.", interruption_keys},
}};

}  // namespace

std::span<const Section> machine_sections() {
  return sections;
}

}  // namespace timeslice::scenarios
