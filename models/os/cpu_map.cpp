#include "models/os/cpu_map.hpp"

#include <algorithm>
#include <array>
#include <numeric>

#include "sim/expect.hpp"

namespace timeslice::models {

namespace {

/// From the widest domain to the CPU itself. A cache that reached over nodes would be split by this
/// order: hardware has none.
using Address = std::array<std::uint32_t, 5>;

Address address_of(const MachineSpec& machine, std::uint32_t cpu) {
  const CoreId core = machine.cpus[cpu].core;
  sim::expect(index_of(core) < machine.cores.size(), "the core of a CPU exists");
  const CoreSpec& spec = machine.cores[index_of(core)];
  return {spec.package, spec.node, spec.llc, static_cast<std::uint32_t>(core), cpu};
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
  std::vector<Address> addresses;
  addresses.reserve(cpu_at_.size());
  for (std::uint32_t cpu = 0; cpu < cpus(); ++cpu) {
    addresses.push_back(address_of(machine, cpu));
  }
  std::ranges::sort(addresses);
  const std::array<Level*, 4> levels{&packages_, &nodes_, &llcs_, &cores_};
  for (std::uint32_t position = 0; position < cpus(); ++position) {
    const Address& here = addresses[position];
    cpu_at_[position] = here.back();
    position_[here.back()] = position;
    bool differs = position == 0;
    for (std::size_t i = 0; i < levels.size(); ++i) {
      differs = differs || here[i] != addresses[position - 1][i];
      append(*levels[i], position, differs);
    }
  }
  for (const CpuRange& range : cores_.ranges) {
    core_size_max_ = std::max(core_size_max_, range.size());
  }
}

}  // namespace timeslice::models
