#include "validation/ablation.hpp"

#include <array>

#include "validation/statistics.hpp"

namespace timeslice::validation {

namespace {

struct Switch {
  std::string_view name;
  models::Effect effect;
};
constexpr std::array<Switch, 6> effect_switches{{{"gil", models::Effect::gil},
                                                 {"start", models::Effect::start_cost},
                                                 {"ipc", models::Effect::ipc_cost},
                                                 {"switch", models::Effect::switch_cost},
                                                 {"contention", models::Effect::contention},
                                                 {"rest", models::Effect::rest}}};

/// All code warm, and the whole way to an idle CPU latency that nobody pays, as where nobody
/// measured: the thread that is woken is as late as after half of the caches have gone.
void drop_guest_costs(models::MachineSpec& machine) {
  models::OsCosts& costs = machine.costs;
  if (costs.idle_exit > sim::Duration::zero()) {
    const sim::Duration paid =
        costs.idle_exit + costs.context_switch + machine.cold_code.resume / 2;
    costs.wake_idle_cpu += paid;
    if (costs.wake_by_timer > sim::Duration::zero()) {
      costs.wake_by_timer += paid;
    }
  }
  costs.idle_call = sim::Duration::zero();
  costs.idle_exit = sim::Duration::zero();
  costs.timer_set = sim::Duration::zero();
  machine.cold_code = {};
}

}  // namespace

std::vector<AblatedWorld> ablated(const models::WorldSpec& world) {
  std::vector<AblatedWorld> worlds;
  for (const Switch& one : effect_switches) {
    worlds.push_back({.effect = one.name, .world = models::without(world, one.effect)});
  }
  worlds.push_back({.effect = "cold", .world = world});
  worlds.back().world.machine.cold_code.factor = 0.0;
  worlds.push_back({.effect = "guest", .world = world});
  drop_guest_costs(worlds.back().world.machine);
  worlds.push_back({.effect = "balance", .world = world});
  worlds.back().world.os.balance = {.kind = models::BalanceKind::work_conserving};
  return worlds;
}

std::vector<AblationRow> ablation_of(std::span<const std::string_view> effects,
                                     std::span<const AblatedRun> runs) {
  std::vector<AblationRow> rows;
  for (std::size_t i = 0; i < effects.size(); ++i) {
    std::vector<double> ratios;
    for (const AblatedRun& run : runs) {
      if (run.predicted[i] > 0.0 && run.measured > 0.0) {
        ratios.push_back(run.predicted[i] / run.measured);
      }
    }
    const bool whole = !runs.empty() && ratios.size() == runs.size();
    rows.push_back({.effect = std::string{effects[i]},
                    .error = whole ? std::optional{median(ratios) - 1.0} : std::nullopt});
  }
  return rows;
}

}  // namespace timeslice::validation
