#include "scenarios/simulate.hpp"

#include <algorithm>

#include "models/world.hpp"
#include "scenarios/costs.hpp"
#include "sim/random.hpp"

namespace timeslice::scenarios {

namespace {

/// Why `errors` keep a world from being simulated, in one text.
std::string text_of(const std::vector<sim::Error>& errors) {
  std::string text;
  for (const sim::Error& error : errors) {
    text +=
        (text.empty() ? "" : "; ") + error.where + ": " + error.what + " (" + error.advice + ")";
  }
  return text;
}

}  // namespace

std::uint64_t run_seed(const Scenario& scenario, std::uint64_t repetition) {
  return sim::hash_seed(scenario.seed, repetition);
}

models::Timings simulate(const Scenario& scenario, std::uint64_t repetition,
                         const RunOptions& options) {
  const std::uint64_t seed = run_seed(scenario, repetition);
  const std::vector<sim::Error> errors = models::check_world(scenario.world);
  if (!errors.empty()) {
    models::Timings failed;
    failed.status = models::RunStatus::failed;
    failed.error = text_of(errors);
    failed.seed = seed;
    return failed;
  }
  models::WorldOptions world_options;
  world_options.limits.give_up = options.give_up;
  world_options.keep_tasks = options.keep_tasks;
  world_options.keep_slices = options.keep_slices;
  world_options.sample_period = options.sample_period;
  world_options.sink = options.sink;
  models::Timings timings = models::simulate_world(scenario.world, seed, world_options);
  if (options.costs) {
    add_costs(scenario.world, world_options.limits, timings);
  }
  for (const std::string& doubt : scenario.warnings) {
    if (std::ranges::find(timings.warnings, doubt) == timings.warnings.end()) {
      timings.warnings.push_back(doubt);
    }
  }
  return timings;
}

models::Timings SimulatedRunner::run(const Scenario& scenario, std::uint64_t repetition,
                                     const RunOptions& options) {
  return simulate(scenario, repetition, options);
}

}  // namespace timeslice::scenarios
