#include "scenarios/costs.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <tuple>
#include <utility>

#include "models/world.hpp"

namespace timeslice::scenarios {

namespace {

struct Part {
  const char* name;
  models::Effect effect;
};
/// In the order in which they are switched on.
constexpr std::array<Part, 6> parts{{{"gil", models::Effect::gil},
                                     {"start", models::Effect::start_cost},
                                     {"ipc", models::Effect::ipc_cost},
                                     {"switch", models::Effect::switch_cost},
                                     {"contention", models::Effect::contention},
                                     {"rest", models::Effect::rest}}};

/// A world without costs can turn in circles at one instant: it is given up sooner than a real one.
constexpr std::uint64_t most_events_without_progress = 1'000'000;

/// The world with the first `on` effects.
models::WorldSpec with_effects(const models::WorldSpec& world, std::size_t on) {
  models::WorldSpec changed = world;
  for (std::size_t part = on; part < parts.size(); ++part) {
    changed = models::without(std::move(changed), parts[part].effect);
  }
  return changed;
}

void add(models::Timings& timings, const std::string& part, sim::Duration cost) {
  timings.metrics.push_back({.name = "cost_" + part,
                             .entity = "",
                             .unit = "ns",
                             .value = static_cast<double>(cost.count())});
}

}  // namespace

void add_costs(const models::WorldSpec& world, const sim::Limits& limits,
               models::Timings& timings) {
  if (timings.status != models::RunStatus::ok) {
    return;
  }
  models::WorldOptions options;
  options.limits = limits;
  options.limits.events_without_progress =
      std::min(limits.events_without_progress, most_events_without_progress);
  std::array<sim::Duration, parts.size() + 1> makespans{};
  for (std::size_t on = 0; on < parts.size(); ++on) {
    const models::Timings run =
        models::simulate_world(with_effects(world, on), timings.seed, options);
    if (run.status != models::RunStatus::ok) {
      timings.warnings.push_back(std::string{"no costs: without the effect '"} + parts[on].name +
                                 "' and those after it the run does not end well: " + run.error);
      return;
    }
    makespans[on] = run.makespan;
  }
  makespans.back() = timings.makespan;
  add(timings, "ideal", makespans.front());
  for (std::size_t part = 0; part < parts.size(); ++part) {
    add(timings, parts[part].name, makespans[part + 1] - makespans[part]);
  }
  std::ranges::sort(timings.metrics, {}, [](const models::Metric& metric) {
    return std::tie(metric.name, metric.entity, metric.value);
  });
}

}  // namespace timeslice::scenarios
