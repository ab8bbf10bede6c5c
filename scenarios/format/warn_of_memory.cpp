// Doubts about memory, clocks and characters, before anything runs.

#include <algorithm>

#include <fmt/format.h>

#include "models/machine/turbo.hpp"
#include "models/world_spec.hpp"
#include "scenarios/format/without_effect.hpp"

namespace timeslice::scenarios {
namespace {

using models::CharacterSpec;
using models::Pattern;

bool walks(const CharacterSpec& spec) {
  return spec.pattern == Pattern::stream || spec.pattern == Pattern::random ||
         spec.pattern == Pattern::chase;
}

bool needs_memory(const CharacterSpec& spec) {
  return walks(spec) ? spec.where == models::Where::automatic || spec.where == models::Where::l3 ||
                           spec.where == models::Where::memory
                     : spec.traffic.per_second > 0.0;
}

std::string missing_numbers(const models::MachineSpec& machine) {
  std::string names;
  const auto missing = [&](bool unknown, std::string_view name) {
    if (unknown) {
      names += fmt::format("{}{}", names.empty() ? "" : ", ", name);
    }
  };
  missing(machine.memory_bandwidth_node.per_second <= 0.0, "memory.bandwidth (never saturates)");
  missing(machine.memory_bandwidth_one_core.per_second <= 0.0, "memory.one_core (12GB/s)");
  missing(machine.memory_local == sim::Duration::zero(), "memory.local (90ns)");
  const bool no_cache = std::ranges::none_of(
      machine.caches, [](const models::CacheSpec& cache) { return cache.size.count > 0; });
  missing(no_cache, "caches (none)");
  return names;
}

bool nobody_gave_clock(const CharacterSpec& spec, const models::MachineSpec& machine) {
  const auto& clocks = machine.memory_system.vector_clock;
  return (spec.vector == models::VectorClass::avx2 && clocks[0] == 0.0) ||
         (spec.vector == models::VectorClass::avx512 && clocks[1] == 0.0);
}

}  // namespace

void warn_of_memory(const Characters& characters, const models::WorldSpec& world,
                    std::vector<std::string>& warnings) {
  const models::MachineSpec& machine = world.machine;
  if (characters.clock_missing) {
    warnings.push_back(fmt::format(
        "{} gives no clock: `work` runs at 3.5GHz, the reference guest's", machine.name));
  }
  if (std::ranges::any_of(characters.specs, needs_memory)) {
    const std::string names = missing_numbers(machine);
    if (!names.empty()) {
      warnings.push_back(fmt::format("{} does not say, so defaults hold: {}", machine.name, names));
    }
  }
  if (std::ranges::any_of(characters.specs, [&](const CharacterSpec& spec) {
        return nobody_gave_clock(spec, machine);
      })) {
    warnings.push_back(fmt::format(
        "{} does not say what its clock is under avx: taken as unchanged", machine.name));
  }
  if (characters.specs.size() > 1) {
    warnings.emplace_back(
        "memory, atomic and uses: their models were checked on published tables of other machines, "
        "not natively");
  }
}

}  // namespace timeslice::scenarios
