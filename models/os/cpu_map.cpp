#include "models/os/cpu_map.hpp"

#include <algorithm>
#include <array>
#include <numeric>

#include "sim/expect.hpp"

namespace timeslice::models {

namespace {

/// From the widest domain to the CPU itself. A cache that reached over nodes would be split by this
/// order: hardware has none.
using Address = std::array<std::uint32_t, 6>;

/// How many kinds of cores are faster than this core's.
std::uint32_t slowness(const MachineSpec& machine, const CoreSpec& core) {
  std::uint32_t faster = 0;
  for (const CoreKindSpec& kind : machine.core_kinds) {
    faster += kind.speed > machine.core_kinds[core.kind].speed ? 1U : 0U;
  }
  return faster;
}

/// By last-level cache: the slowness of its fastest core. In a node the caches of fast cores come
/// first, in a cache the fast cores, so that an idle one of them is found first.
std::vector<std::uint32_t> slowness_of_caches(const MachineSpec& machine) {
  std::vector<std::uint32_t> slow;
  for (const CoreSpec& core : machine.cores) {
    if (core.llc >= slow.size()) {
      slow.resize(core.llc + 1, static_cast<std::uint32_t>(machine.core_kinds.size()));
    }
    slow[core.llc] = std::min(slow[core.llc], slowness(machine, core));
  }
  return slow;
}

Address address_of(const MachineSpec& machine, std::uint32_t cpu,
                   const std::vector<std::uint32_t>& cache_slowness) {
  const CoreId core = machine.cpus[cpu].core;
  sim::expect(index_of(core) < machine.cores.size(), "the core of a CPU exists");
  const CoreSpec& spec = machine.cores[index_of(core)];
  return {spec.package,
          spec.node,
          cache_slowness[spec.llc] << 24U | spec.llc,
          slowness(machine, spec),
          static_cast<std::uint32_t>(core),
          cpu};
}

}  // namespace

/// The position belongs to the range of the one before it, or begins a range.
void CpuMap::append(Level& level, std::uint32_t position, bool begins) {
  if (begins) {
    level.ranges.push_back({.begin = position, .end = position});
  }
  level.ranges.back().end = position + 1;
  level.number.push_back(static_cast<std::uint32_t>(level.ranges.size() - 1));
}

CpuMap::CpuMap(const MachineSpec& machine)
    : cpu_at_(machine.cpus.size()), position_(machine.cpus.size()) {
  sim::expect(!machine.cpus.empty(), "a machine has a CPU");
  const std::vector<std::uint32_t> cache_slowness = slowness_of_caches(machine);
  hybrid_ = std::ranges::any_of(
      machine.cores, [&machine](const CoreSpec& core) { return slowness(machine, core) > 0; });
  std::vector<Address> addresses;
  addresses.reserve(cpu_at_.size());
  for (std::uint32_t cpu = 0; cpu < cpus(); ++cpu) {
    addresses.push_back(address_of(machine, cpu, cache_slowness));
  }
  std::ranges::sort(addresses);
  const std::array<Level*, 4> levels{&packages_, &nodes_, &llcs_, &cores_};
  constexpr std::array<std::size_t, 4> fields{0, 1, 2, 4};  // of an address, by level
  for (std::uint32_t position = 0; position < cpus(); ++position) {
    const Address& here = addresses[position];
    cpu_at_[position] = here.back();
    position_[here.back()] = position;
    bool differs = position == 0;
    for (std::size_t i = 0; i < levels.size(); ++i) {
      differs = differs || here[fields[i]] != addresses[position - 1][fields[i]];
      append(*levels[i], position, differs);
    }
  }
  for (const CpuRange& range : cores_.ranges) {
    core_size_max_ = std::max(core_size_max_, range.size());
  }
}

}  // namespace timeslice::models
