#include "validation/predictor.hpp"

#include <utility>

#include "sim/random.hpp"
#include "validation/native/program.hpp"
#include "validation/predict.hpp"
#include "validation/session.hpp"
#include "validation/speed_index.hpp"
#include "validation/theory/null_model.hpp"

namespace timeslice::validation {

PairedRun Predictor::predict(const scenarios::Scenario& scenario,
                             const AcceptedRun& accepted) const {
  const NativeRun& run = accepted.run;
  scenarios::Scenario then = as_measured(scenario, calibration_, accepted.costs, part_of(options_));
  models::WorldSpec& world = then.world;
  PairedRun pair;
  pair.measured = run.timings;
  pair.null = null_model(world, expand(world, run.timings.seed), mean_slowness(run.samples));
  pair.speeds = speed_timelines(run.samples, host_numbers(world.machine, calibration_.cpus));
  pair.kinds = relative_speeds(run.samples, accepted.costs.slowness);
  world.machine.speed_over_time = pair.speeds;
  world.machine.speed = pair.kinds;
  pair.predicted = simulated_.run(then, accepted.repetition, paired_run_options(accepted.sink));
  for (std::uint64_t seed = 1; seed < options_.seeds; ++seed) {
    // Far from the repetitions of native runs, so that no other run's draws are met again.
    const std::uint64_t far = 1'000'000 + accepted.repetition * options_.seeds + seed;
    pair.spread.push_back(simulated_.run(then, far, usual_run_options()));
  }
  pair.raw = raw(scenario, accepted);
  return pair;
}

/// Without anything seen in or beside the run: speeds and costs as the session began.
models::Timings Predictor::raw(const scenarios::Scenario& scenario,
                               const AcceptedRun& accepted) const {
  const std::uint64_t seed = accepted.run.timings.seed;
  scenarios::Scenario first =
      as_measured(scenario, calibration_, calibration_.quick, part_of(options_));
  models::WorldSpec& world = first.world;
  // Twice the serial length is longer than any run that overlaps at all.
  const double serial = totals(expand(world, seed)).all();
  const sim::Duration length{static_cast<std::int64_t>(2.0 * serial) + 1'000'000'000};
  world.machine.speed_over_time =
      random_timelines(calibration_.traces, host_numbers(world.machine, calibration_.cpus), length,
                       sim::Random{seed});
  return simulated_.run(first, accepted.repetition, usual_run_options());
}

AblatedRun Predictor::without_effects(const scenarios::Scenario& scenario,
                                      const AcceptedRun& accepted, const PairedRun& pair) {
  AblatedRun run{.measured = static_cast<double>(pair.measured.makespan.count()), .predicted = {}};
  scenarios::Scenario changed =
      as_measured(scenario, calibration_, accepted.costs, part_of(options_));
  changed.world.machine.speed = pair.kinds;
  changed.world.machine.speed_over_time = pair.speeds;
  effects_.clear();
  for (AblatedWorld& one : ablated(changed.world)) {
    changed.world = std::move(one.world);
    const models::Timings timings =
        simulated_.run(changed, accepted.repetition, usual_run_options());
    const bool ended = timings.status == models::RunStatus::ok;
    run.predicted.push_back(ended ? static_cast<double>(timings.makespan.count()) : 0.0);
    effects_.push_back(one.effect);
  }
  return run;
}

scenarios::RunOptions Predictor::usual_run_options() const {
  scenarios::RunOptions run_options;
  run_options.give_up = options_.give_up;
  return run_options;
}

/// Of the prediction that stands beside a measured run: what was sampled there is sampled here.
scenarios::RunOptions Predictor::paired_run_options(sim::TraceSink* sink) const {
  scenarios::RunOptions run_options = usual_run_options();
  run_options.sink = sink;
  run_options.keep_slices = options_.samples.has_value();
  run_options.sample_period = options_.samples.value_or(sim::Duration::zero());
  return run_options;
}

}  // namespace timeslice::validation
