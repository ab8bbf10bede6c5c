// The keys of a group in `os.groups`: a part of the table of keys_machine.cpp.
#pragma once

#include <array>

#include "scenarios/format/keys.hpp"

namespace timeslice::scenarios {

inline constexpr std::array<Key, 6> group_keys{{
    {.name = "weight",
     .type = Type::count,
     .low = 1,
     .high = 10'000,
     .fallback = "100",
     .doc = "cpu.weight of cgroup v2"},
    {.name = "parent", .type = Type::text, .doc = "the group around it; none: the root"},
    {.name = "cpu_max",
     .type = Type::text,
     .fallback = "max",
     .doc = "CPU time in each period, all CPUs together: 50ms/100ms; max: no limit"},
    {.name = "burst",
     .type = Type::duration,
     .fallback = "0",
     .doc = "unused CPU time that is carried over, at most the quota (cpu.max.burst)"},
    {.name = "cpus",
     .type = Type::counts,
     .high = 65'535,
     .doc = "CPUs that its threads may use (cpuset.cpus), as [0, 1] or [0-3]; none: all"},
    {.name = "cpu_idle",
     .type = Type::boolean,
     .fallback = "off",
     .doc = "its threads run when nobody else wants the CPU, as class idle (cpu.idle of cgroup "
            "v2)"},
}};

}  // namespace timeslice::scenarios
