// On which CPUs the threads of a group may run: cpuset.cpus of Linux's control groups, nested.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "models/ids.hpp"
#include "models/machine/machine_spec.hpp"
#include "models/os/os_spec.hpp"
#include "sim/result.hpp"

namespace timeslice::models {

/// CPUs that the groups around `group` leave it, ascending; empty: every CPU. Nothing if they have
/// none in common. Requires: the group exists and is in no circle.
[[nodiscard]] std::optional<std::vector<CpuId>> allowed_cpus(const OsSpec& os, GroupId group);

/// The first group whose CPUs the machine does not have, or that may use none.
/// Requires: a description that passed `unsupported`.
[[nodiscard]] std::optional<sim::Error> wrong_cpus(const MachineSpec& machine, const OsSpec& os);

/// Those of `wanted` that are in `allowed`, in their order. Empty means every CPU in both.
[[nodiscard]] std::vector<CpuId> common_cpus(std::span<const CpuId> wanted,
                                             std::span<const CpuId> allowed);

/// How many CPUs, and how many cores with any of them, threads of `group` may use.
[[nodiscard]] std::size_t count_cpus(const MachineSpec& machine, const OsSpec& os, GroupId group);
[[nodiscard]] std::size_t count_cores(const MachineSpec& machine, const OsSpec& os, GroupId group);

}  // namespace timeslice::models
