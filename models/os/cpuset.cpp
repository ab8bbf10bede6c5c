#include "models/os/cpuset.hpp"

#include <algorithm>
#include <iterator>
#include <string>

namespace timeslice::models {

std::optional<std::vector<CpuId>> allowed_cpus(const OsSpec& os, GroupId group) {
  std::vector<CpuId> allowed;
  bool limited = false;
  while (group != GroupId{0}) {
    const GroupSpec& spec = os.groups[index_of(group) - 1];
    if (!spec.cpus.empty()) {
      allowed = common_cpus(spec.cpus, allowed);
      limited = true;
    }
    if (limited && allowed.empty()) {
      return std::nullopt;
    }
    group = spec.parent.value_or(GroupId{0});
  }
  std::ranges::sort(allowed);
  allowed.erase(std::ranges::unique(allowed).begin(), allowed.end());
  return allowed;
}

std::optional<sim::Error> wrong_cpus(const MachineSpec& machine, const OsSpec& os) {
  for (std::uint32_t index = 0; index < os.groups.size(); ++index) {
    const std::string where = "os.groups." + os.groups[index].name;
    for (const CpuId cpu : os.groups[index].cpus) {
      if (index_of(cpu) >= machine.cpus.size()) {
        return sim::Error{where + ".cpus",
                          "the machine has no CPU " + std::to_string(index_of(cpu)),
                          "use CPUs 0 to " + std::to_string(machine.cpus.size() - 1)};
      }
    }
    if (!allowed_cpus(os, GroupId{index + 1})) {
      return sim::Error{where + ".cpus",
                        "its CPUs and those of the groups around it have none in common",
                        "a group's CPUs are some of its parent's"};
    }
  }
  return std::nullopt;
}

std::vector<CpuId> common_cpus(std::span<const CpuId> wanted, std::span<const CpuId> allowed) {
  if (wanted.empty() || allowed.empty()) {
    const std::span<const CpuId> all = wanted.empty() ? allowed : wanted;
    return {all.begin(), all.end()};
  }
  std::vector<CpuId> common;
  std::ranges::copy_if(wanted, std::back_inserter(common), [allowed](CpuId cpu) {
    return std::ranges::find(allowed, cpu) != allowed.end();
  });
  return common;
}

std::size_t count_cpus(const MachineSpec& machine, const OsSpec& os, GroupId group) {
  const auto allowed = allowed_cpus(os, group).value_or(std::vector<CpuId>{});
  return allowed.empty() ? machine.cpus.size() : allowed.size();
}

std::size_t count_cores(const MachineSpec& machine, const OsSpec& os, GroupId group) {
  std::vector<bool> usable(machine.cores.size());
  const auto allowed = allowed_cpus(os, group).value_or(std::vector<CpuId>{});
  for (const CpuId cpu : allowed) {
    usable[index_of(machine.cpus[index_of(cpu)].core)] = true;
  }
  return allowed.empty() ? machine.cores.size()
                         : static_cast<std::size_t>(std::ranges::count(usable, true));
}

}  // namespace timeslice::models
