#include "validation/session.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "sim/expect.hpp"
#include "validation/calibrate/host_calibration.hpp"
#include "validation/native/recorder/measure_recorded.hpp"

namespace timeslice::validation {

namespace {

using Clock = std::chrono::steady_clock;

/// Round-robin over the points, so that drift of the host hits all alike.
class Session {
 public:
  Session(const std::vector<scenarios::Point>& points, const ValidateOptions& options,
          const Lab& lab)
      : points_{points},
        options_{options},
        lab_{lab},
        references_{lab.calibration->quick, lab.measure_again} {
    side_.calibration = lab.calibration;
    side_.points.resize(points.size());
    side_.wanted = std::max<std::uint64_t>(1, options.repeat);
    if (lab.recorder != nullptr) {
      side_.recorder = name_of(lab.recorder->tier());
      side_.why_no_better_recorder = lab.why_no_better_recorder;
    }
  }

  NativeSide run() {
    end_ = Clock::now() + options_.budget;
    while (one_round()) {
    }
    if (!interrupted()) {
      references_.close();
    }
    side_.references = references_.measured();
    return std::move(side_);
  }

 private:
  /// An attempt at each point that wants one; false when there was none.
  bool one_round() {
    bool any = false;
    for (std::size_t i = 0; i < points_.size(); ++i) {
      if (wants_more(side_.points[i]) && Clock::now() < end_ && !interrupted()) {
        references_.keep_up();
        attempt(i);
        any = true;
      }
    }
    return any;
  }

  bool interrupted() {
    side_.interrupted = side_.interrupted || (options_.give_up && options_.give_up());
    return side_.interrupted;
  }

  /// A point that fails or is disturbed again and again does not hold up the others for ever.
  [[nodiscard]] bool wants_more(const Trials& trials) const {
    const std::uint64_t wanted = side_.wanted;
    return trials.accepted.size() < wanted && trials.attempts < 4 * wanted + 4 &&
           trials.failures < 3 && !is_tight(trials, options_.until);
  }

  void attempt(std::size_t index) {
    Trials& trials = side_.points[index];
    const scenarios::Scenario& scenario = points_[index].scenario;
    const bool cpp = scenario.world.runtime.language == models::Language::none;
    NativeRunner* runner = cpp ? lab_.cpp : lab_.python;
    sim::expect(runner != nullptr, "a session has a runner for each of its points");
    const std::uint64_t repetition = trials.attempts++;
    scenarios::RunOptions run_options;
    run_options.give_up = options_.give_up;
    run_options.sample_period = options_.samples.value_or(sim::Duration::zero());
    RecordedNativeRun recorded = measure(*runner, scenario, repetition, run_options);
    const NativeRun& run = recorded.run;
    if (run.timings.status == models::RunStatus::killed) {
      return;  // on request
    }
    if (auto reason = rejection_reason(run, options_.limits)) {
      trials.failures += run.timings.status != models::RunStatus::ok ? 1 : 0;
      ++trials.rejected[*reason];
      return;
    }
    keep(std::move(recorded), repetition, trials);
    if (options_.progress) {
      options_.progress(++done_, side_.wanted * points_.size());
    }
  }

  [[nodiscard]] RecordedNativeRun measure(NativeRunner& runner, const scenarios::Scenario& scenario,
                                          std::uint64_t repetition,
                                          const scenarios::RunOptions& run_options) const {
    if (lab_.recorder == nullptr) {
      RecordedNativeRun plain;
      plain.run = runner.measure(scenario, repetition, run_options);
      return plain;
    }
    return measure_recorded(
        {.runner = runner, .provider = *lab_.recorder, .cpus = lab_.calibration->cpus}, scenario,
        repetition, run_options);
  }

  void keep(RecordedNativeRun&& recorded, std::uint64_t repetition, Trials& trials) const {
    AcceptedTrial accepted{.run = std::move(recorded.run),
                           .repetition = repetition,
                           .stretch = references_.stretch(),
                           .timeline = std::nullopt};
    if (!recorded.problem.empty()) {
      trials.unrecorded.insert(recorded.problem);
    } else if (lab_.recorder != nullptr) {
      accepted.timeline = std::move(recorded.facts);
      trials.repaired += recorded.repaired;
    }
    trials.accepted.push_back(std::move(accepted));
  }

  const std::vector<scenarios::Point>& points_;
  const ValidateOptions& options_;
  const Lab& lab_;
  References references_;
  Clock::time_point end_;  // of the budget
  std::uint64_t done_ = 0;
  NativeSide side_;
};

}  // namespace

NativeSide run_session(const std::vector<scenarios::Point>& points, const ValidateOptions& options,
                       const Lab& lab) {
  return Session{points, options, lab}.run();
}

sim::Duration part_of(const ValidateOptions& options) {
  return options.timelines ? recorded_part : fine_part;
}

RejectionLimits limits_at(double foreign_share) {
  return {.foreign_share = foreign_share, .steal = foreign_share < steal_accepted_from};
}

std::optional<std::string> rejection_reason(const NativeRun& run, const RejectionLimits& limits) {
  if (run.timings.status != models::RunStatus::ok) {
    return "failed: " + run.timings.error;
  }
  if (limits.steal && run.steal > sim::Duration::zero()) {
    return "steal";
  }
  // The kernel counts in ticks of 10 ms: a single one proves nothing.
  const double foreign = static_cast<double>((run.foreign_cpu + run.steal).count());
  const double allowed = limits.foreign_share * static_cast<double>(run.timings.makespan.count());
  if (foreign > std::max(allowed, 10e6)) {
    return "foreign CPU time";
  }
  return std::nullopt;
}

}  // namespace timeslice::validation
