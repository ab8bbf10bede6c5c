#include "validation/session.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "sim/expect.hpp"
#include "validation/calibrate/host_calibration.hpp"
#include "validation/compare.hpp"
#include "validation/condense.hpp"
#include "validation/native/recorder/measure_recorded.hpp"
#include "validation/native/support.hpp"
#include "validation/predict.hpp"
#include "validation/predictor.hpp"
#include "validation/speed_index.hpp"
#include "validation/statistics.hpp"

namespace timeslice::validation {

namespace {

using Clock = std::chrono::steady_clock;

/// Native runs of one point so far.
struct Trials {
  std::uint64_t attempts = 0;
  std::uint64_t failures = 0;
  std::map<std::string, std::uint64_t> rejected;  // by reason
  std::vector<NativeRun> accepted;
  std::vector<std::uint64_t> repetitions;               // of the accepted ones
  std::vector<std::size_t> stretches;                   // of the session, of the accepted ones
  std::vector<std::optional<TimelineFacts>> timelines;  // of the accepted ones, where recorded
  std::set<std::string> unrecorded;                     // why not
  std::uint64_t repaired = 0;                           // switches in recordings
};

class Session {
 public:
  Session(std::vector<scenarios::Point> points, const ValidateOptions& options, const Lab& lab)
      : points_{std::move(points)},
        options_{options},
        lab_{lab},
        references_{lab.calibration->quick, lab.measure_again},
        trials_(points_.size()),
        wanted_{std::max<std::uint64_t>(1, options.repeat)} {}

  Validation run() {
    measure();
    for (std::size_t i = 0; i < points_.size(); ++i) {
      result_.points.push_back(judge(i));
    }
    condense(result_);
    result_.calibration = lab_.calibration;
    result_.notes = lab_.calibration->notes;
    if (const std::string note = references_.note(); !note.empty()) {
      result_.notes.push_back(note);
    }
    result_.warnings = lab_.calibration->warnings;
    return std::move(result_);
  }

 private:
  /// Round-robin over the points, so that drift of the host hits all alike.
  void measure() {
    end_ = Clock::now() + options_.budget;
    while (one_round()) {
    }
    if (!interrupted()) {
      references_.close();
    }
  }

  /// An attempt at each point that wants one; false when there was none.
  bool one_round() {
    bool any = false;
    for (std::size_t i = 0; i < points_.size(); ++i) {
      if (wants_more(trials_[i]) && Clock::now() < end_ && !interrupted()) {
        references_.keep_up();
        attempt(i);
        any = true;
      }
    }
    return any;
  }

  bool interrupted() {
    result_.interrupted = result_.interrupted || (options_.give_up && options_.give_up());
    return result_.interrupted;
  }

  /// A point that fails or is disturbed again and again does not hold up the others for ever.
  [[nodiscard]] bool wants_more(const Trials& trials) const {
    return trials.accepted.size() < wanted_ && trials.attempts < 4 * wanted_ + 4 &&
           trials.failures < 3;
  }

  void attempt(std::size_t index) {
    Trials& trials = trials_[index];
    const scenarios::Scenario& scenario = points_[index].scenario;
    const bool cpp = scenario.world.runtime.language == models::Language::none;
    NativeRunner* runner = cpp ? lab_.cpp : lab_.python;
    sim::expect(runner != nullptr, "a session has a runner for each of its points");
    const std::uint64_t repetition = trials.attempts++;
    scenarios::RunOptions run_options;
    run_options.give_up = options_.give_up;
    run_options.sample_period = options_.samples.value_or(sim::Duration::zero());
    RecordedNativeRun recorded = measure(*runner, scenario, repetition, run_options);
    NativeRun& run = recorded.run;
    if (run.timings.status == models::RunStatus::killed) {
      return;  // on request
    }
    if (auto reason = rejection_reason(run, options_.limits)) {
      trials.failures += run.timings.status != models::RunStatus::ok ? 1 : 0;
      ++trials.rejected[*reason];
      return;
    }
    trials.accepted.push_back(std::move(run));
    trials.repetitions.push_back(repetition);
    trials.stretches.push_back(references_.stretch());
    keep_timeline(recorded, trials);
    if (options_.progress) {
      options_.progress(++done_, wanted_ * points_.size());
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

  void keep_timeline(const RecordedNativeRun& recorded, Trials& trials) const {
    const bool kept = lab_.recorder != nullptr && recorded.problem.empty();
    trials.timelines.push_back(kept ? std::optional{recorded.facts} : std::nullopt);
    trials.repaired += kept ? recorded.repaired : 0;
    if (!recorded.problem.empty()) {
      trials.unrecorded.insert(recorded.problem);
    }
  }

  PointValidation judge(std::size_t index) {
    Trials& trials = trials_[index];
    PointValidation judged;
    judged.point = points_[index];
    judged.group = group_of(judged.point.scenario.world);
    judged.warnings = native_doubts(judged.point.scenario.world);
    note_version(judged);
    note_costs(judged);
    judged.native.runs = trials.accepted.size();
    for (const auto& [reason, count] : trials.rejected) {
      judged.native.rejected.push_back({.reason = reason, .count = count});
    }
    if (trials.accepted.empty()) {
      judged.warnings.emplace_back("no native run was accepted, so nothing was compared");
      return judged;
    }
    if (trials.accepted.size() < wanted_) {
      judged.warnings.push_back(
          fmt::format("only {} of {} native runs were accepted", trials.accepted.size(), wanted_));
    }
    compare_runs(trials, judged);
    return judged;
  }

  void note_version(PointValidation& judged) const {
    const models::RuntimeSpec& runtime = judged.point.scenario.world.runtime;
    if (runtime.language == models::Language::python &&
        !runtime.version.same_line(lab_.calibration->version)) {
      judged.warnings.push_back(fmt::format(
          "predicted for Python {}.{}, measured on {}.{}", runtime.version.major,
          runtime.version.minor, lab_.calibration->version.major, lab_.calibration->version.minor));
    }
  }

  void note_costs(PointValidation& judged) const {
    const models::WorldSpec& world = judged.point.scenario.world;
    const bool python = world.runtime.language == models::Language::python;
    if (!world.machine.costs_known || (python && !world.runtime.costs_known)) {
      judged.warnings.emplace_back(
          lab_.calibration->quick.resident_bytes > 0
              ? "only start, wake-up and sleep costs were measured on this host; switches, pipes, "
                "locks and pools keep the defaults of another machine"
              : "no costs were measured on this host: the defaults of another machine are used");
    }
  }

  void compare_runs(const Trials& trials, PointValidation& judged) {
    const scenarios::Scenario& scenario = judged.point.scenario;
    const auto numbers = host_numbers(scenario.world.machine, lab_.calibration->cpus);
    Predictor predictor{*lab_.calibration, *lab_.simulated, options_};
    std::vector<PairedRun> pairs;
    std::vector<std::vector<double>> slowness;
    std::set<std::string> doubts;
    std::vector<TimelinePair> timelines;
    std::vector<AblatedRun> ablated_runs;
    for (std::size_t i = 0; i < trials.accepted.size() && !interrupted(); ++i) {
      sim::MemorySink trace;
      const std::optional<TimelineFacts>& recorded = trials.timelines[i];
      const QuickCosts costs = references_.costs(trials.stretches[i]);
      const AcceptedRun accepted{.repetition = trials.repetitions[i],
                                 .costs = costs,
                                 .run = trials.accepted[i],
                                 .sink = recorded ? &trace : nullptr};
      PairedRun pair = predictor.predict(scenario, accepted);
      if (pair.predicted.status != models::RunStatus::ok) {
        judged.warnings.push_back("the simulation failed: " + pair.predicted.error);
        return;
      }
      doubts.insert(pair.predicted.warnings.begin(), pair.predicted.warnings.end());
      slowness.push_back(slowness_by_cpu(accepted.run.samples, numbers));
      if (recorded) {
        timelines.push_back(
            {.predicted = facts_of(trace, pair.predicted, scenario.world), .measured = *recorded});
      }
      if (options_.ablation) {
        ablated_runs.push_back(predictor.without_effects(scenario, accepted, pair));
      }
      judged.measured.push_back(pair.measured);
      judged.predicted.push_back(pair.predicted);
      pairs.push_back(std::move(pair));
    }
    judged.warnings.insert(judged.warnings.end(), doubts.begin(), doubts.end());
    judged.native.speed_index = mean_by_cpu(slowness, numbers.size());
    judged.comparisons = compare(pairs, {.cpus = scenario.world.machine.cpus.size(),
                                         .process_executors = process_executors(scenario.world),
                                         .calibration_doubt = doubt_of(scenario.world),
                                         .seed = scenario.seed});
    judged.within_tolerance = within_tolerance(judged.comparisons);
    judged.ablation = ablation_of(predictor.effects(), ablated_runs);
    compare_timelines_of(trials, timelines, judged);
  }

  static std::vector<std::string> process_executors(const models::WorldSpec& world) {
    using models::ExecutorKind;
    std::vector<std::string> names;
    for (const models::ExecutorSpec& executor : world.executors) {
      if (executor.kind == ExecutorKind::processes ||
          executor.kind == ExecutorKind::process_per_task ||
          executor.kind == ExecutorKind::process_executor) {
        names.push_back(executor.name);
      }
    }
    return names;
  }

  static TimelineFacts facts_of(const sim::MemorySink& trace, const models::Timings& timings,
                                const models::WorldSpec& world) {
    return validation::facts_of(timeline_of(trace.records(), timings.makespan),
                                static_cast<std::uint32_t>(world.machine.cpus.size()), true);
  }

  void compare_timelines_of(const Trials& trials, const std::vector<TimelinePair>& pairs,
                            PointValidation& judged) const {
    for (const std::string& problem : trials.unrecorded) {
      judged.warnings.push_back("a run was not recorded: " + problem);
    }
    if (lab_.recorder == nullptr || pairs.empty()) {
      return;
    }
    TimelineComparison comparison;
    comparison.recorder = name_of(lab_.recorder->tier());
    comparison.why_not_better = lab_.why_no_better_recorder;
    comparison.runs = pairs.size();
    comparison.repaired = trials.repaired;
    comparison.rows = compare_timelines(pairs);
    comparison.foreign_share =
        foreign_share(pairs, judged.point.scenario.world.machine.cpus.size());
    for (const NativeRun& run : trials.accepted) {
      comparison.steal_share += static_cast<double>(run.steal.count()) /
                                static_cast<double>(run.timings.makespan.count()) /
                                static_cast<double>(trials.accepted.size());
    }
    judged.timelines = std::move(comparison);
  }

  /// Other programs' part of the time of the CPUs, where the recorder saw them.
  static std::optional<double> foreign_share(const std::vector<TimelinePair>& pairs,
                                             std::size_t cpus) {
    std::vector<double> shares;
    for (const TimelinePair& pair : pairs) {
      if (pair.measured.foreign_cpu && pair.measured.span > sim::Duration::zero()) {
        shares.push_back(static_cast<double>(pair.measured.foreign_cpu->count()) /
                         static_cast<double>(pair.measured.span.count()) /
                         static_cast<double>(cpus));
      }
    }
    return shares.empty() ? std::nullopt : std::optional{median(shares)};
  }

  /// The nominal speed is the unit of the index: its doubt is one of the prediction.
  [[nodiscard]] double doubt_of(const models::WorldSpec& world) const {
    const HostCalibration& calibration = *lab_.calibration;
    return world.runtime.language == models::Language::none
               ? calibration.cpp_kernel.disagreement
               : calibration.python_kernel.disagreement;
  }

  static std::vector<double> mean_by_cpu(const std::vector<std::vector<double>>& slowness,
                                         std::size_t cpus) {
    std::vector<double> means;
    for (std::size_t cpu = 0; cpu < cpus; ++cpu) {
      std::vector<double> seen;
      for (const std::vector<double>& run : slowness) {
        seen.push_back(run[cpu]);
      }
      std::erase(seen, 0.0);  // no kernel ran there
      means.push_back(seen.empty() ? 0.0 : mean(seen));
    }
    return means;
  }

  [[nodiscard]] bool within_tolerance(const std::vector<Comparison>& comparisons) const {
    if (options_.tolerance <= 0.0 || comparisons.empty()) {
      return true;
    }
    const double error = comparisons.front().error.value_or(0.0);
    return error <= options_.tolerance && -error <= options_.tolerance;
  }

  std::vector<scenarios::Point> points_;
  const ValidateOptions& options_;
  const Lab& lab_;
  References references_;
  std::vector<Trials> trials_;
  std::uint64_t wanted_;
  Clock::time_point end_;  // of the budget for native runs
  std::uint64_t done_ = 0;
  Validation result_;
};

}  // namespace

Validation run_session(std::vector<scenarios::Point> points, const ValidateOptions& options,
                       const Lab& lab) {
  return Session{std::move(points), options, lab}.run();
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

std::uint64_t NativeSummary::rejected_total() const {
  std::uint64_t total = 0;
  for (const Rejected& one : rejected) {
    total += one.count;
  }
  return total;
}

}  // namespace timeslice::validation
