#include "models/machine/turbo.hpp"

#include <algorithm>

#include "sim/expect.hpp"

namespace timeslice::models {

namespace {

constexpr double step_hz = 100e6;

std::uint32_t largest_package(const MachineSpec& machine) {
  std::vector<std::uint32_t> sizes(machine.packages);
  for (const CoreSpec& core : machine.cores) {
    sizes.resize(std::max<std::size_t>(sizes.size(), core.package + std::size_t{1}));
    ++sizes[core.package];
  }
  return sizes.empty() ? 0 : *std::ranges::max_element(sizes);
}

/// Beyond the end of the table.
double guessed(const MachineSpec& machine, std::uint32_t active, std::uint32_t cores) {
  const TurboStep& last = machine.turbo.back();
  const double top = last.frequency.per_second;
  const std::uint32_t from = std::max(last.cores, 2U);
  if (active <= from || cores <= from) {
    return top;
  }
  const double way = static_cast<double>(active - from) / static_cast<double>(cores - from);
  const double exact = top * (1.0 - (1.0 - all_core_clock_default) * way);
  const double steps = static_cast<double>(static_cast<std::int64_t>(exact / step_hz + 0.5));
  return std::min(top, std::max(steps * step_hz, machine.clock_base.per_second));
}

double clock_with(const MachineSpec& machine, std::uint32_t active, std::uint32_t cores) {
  for (const TurboStep& step : machine.turbo) {
    if (active <= step.cores) {
      return step.frequency.per_second;
    }
  }
  return guessed(machine, active, cores);
}

}  // namespace

std::vector<double> turbo_factors(const MachineSpec& machine, std::uint32_t cores) {
  if (machine.turbo.empty() || cores < 2) {
    return {};
  }
  const double alone = clock_with(machine, 1, cores);
  sim::expect(alone > 0.0, "a clock is positive");
  std::vector<double> factors(cores + std::size_t{1}, 1.0);
  bool changes = false;
  for (std::uint32_t active = 1; active <= cores; ++active) {
    factors[active] = clock_with(machine, active, cores) / alone;
    sim::expect(factors[active] > 0.0, "a clock is positive");
    changes = changes || factors[active] != 1.0;
  }
  return changes ? factors : std::vector<double>{};
}

bool turbo_is_guessed(const MachineSpec& machine) {
  const std::uint32_t cores = largest_package(machine);
  return !machine.turbo.empty() && machine.turbo.back().cores < cores && cores > 2;
}

Hertz lone_core_clock(const MachineSpec& machine) {
  return machine.turbo.empty() ? machine.clock_base : machine.turbo.front().frequency;
}

}  // namespace timeslice::models
