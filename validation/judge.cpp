#include "validation/judge.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "sim/expect.hpp"
#include "validation/compare.hpp"
#include "validation/condense.hpp"
#include "validation/native/support.hpp"
#include "validation/predict.hpp"
#include "validation/predictor.hpp"
#include "validation/references.hpp"
#include "validation/speed_index.hpp"
#include "validation/statistics.hpp"

namespace timeslice::validation {

namespace {

class Judge {
 public:
  Judge(const std::vector<scenarios::Point>& points, const ValidateOptions& options,
        const NativeSide& side, scenarios::Runner& simulated)
      : points_{points},
        options_{options},
        side_{side},
        simulated_{simulated},
        references_{side.references} {
    sim::expect(points.size() == side.points.size(), "each point has its native runs");
    result_.interrupted = side.interrupted;
  }

  Validation run() {
    for (std::size_t i = 0; i < points_.size(); ++i) {
      result_.points.push_back(judge(i));
    }
    condense(result_);
    result_.calibration = side_.calibration;
    result_.notes = side_.calibration->notes;
    if (const std::string note = references_.note(); !note.empty()) {
      result_.notes.push_back(note);
    }
    result_.warnings = side_.calibration->warnings;
    return std::move(result_);
  }

 private:
  bool interrupted() {
    result_.interrupted = result_.interrupted || (options_.give_up && options_.give_up());
    return result_.interrupted;
  }

  PointValidation judge(std::size_t index) {
    const Trials& trials = side_.points[index];
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
    if (trials.accepted.size() < side_.wanted && !is_tight(trials, options_.until)) {
      judged.warnings.push_back(fmt::format("only {} of {} native runs were accepted",
                                            trials.accepted.size(), side_.wanted));
    }
    compare_runs(trials, judged);
    return judged;
  }

  void note_version(PointValidation& judged) const {
    const models::RuntimeSpec& runtime = judged.point.scenario.world.runtime;
    if (runtime.language == models::Language::python &&
        !runtime.version.same_line(side_.calibration->version)) {
      judged.warnings.push_back(fmt::format("predicted for Python {}.{}, measured on {}.{}",
                                            runtime.version.major, runtime.version.minor,
                                            side_.calibration->version.major,
                                            side_.calibration->version.minor));
    }
  }

  void note_costs(PointValidation& judged) const {
    const models::WorldSpec& world = judged.point.scenario.world;
    const bool python = world.runtime.language == models::Language::python;
    if (!world.machine.costs_known || (python && !world.runtime.costs_known)) {
      judged.warnings.emplace_back(
          side_.calibration->quick.resident_bytes > 0
              ? "only start, wake-up and sleep costs were measured on this host; switches, pipes, "
                "locks and pools keep the defaults of another machine"
              : "no costs were measured on this host: the defaults of another machine are used");
    }
  }

  void compare_runs(const Trials& trials, PointValidation& judged) {
    const scenarios::Scenario& scenario = judged.point.scenario;
    const auto numbers = host_numbers(scenario.world.machine, side_.calibration->cpus);
    Predictor predictor{*side_.calibration, simulated_, options_};
    std::vector<PairedRun> pairs;
    std::vector<std::vector<double>> slowness;
    std::set<std::string> doubts;
    std::vector<TimelinePair> timelines;
    std::vector<AblatedRun> ablated_runs;
    for (std::size_t i = 0; i < trials.accepted.size() && !interrupted(); ++i) {
      sim::MemorySink trace;
      const AcceptedTrial& trial = trials.accepted[i];
      const std::optional<TimelineFacts>& recorded = trial.timeline;
      const QuickCosts costs = references_.costs(trial.stretch);
      const AcceptedRun accepted{.repetition = trial.repetition,
                                 .costs = costs,
                                 .run = trial.run,
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
    if (side_.recorder.empty() || pairs.empty()) {
      return;
    }
    TimelineComparison comparison;
    comparison.recorder = side_.recorder;
    comparison.why_not_better = side_.why_no_better_recorder;
    comparison.runs = pairs.size();
    comparison.repaired = trials.repaired;
    comparison.rows = compare_timelines(pairs);
    comparison.foreign_share =
        foreign_share(pairs, judged.point.scenario.world.machine.cpus.size());
    for (const AcceptedTrial& trial : trials.accepted) {
      comparison.steal_share += static_cast<double>(trial.run.steal.count()) /
                                static_cast<double>(trial.run.timings.makespan.count()) /
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
    const HostCalibration& calibration = *side_.calibration;
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

  const std::vector<scenarios::Point>& points_;
  const ValidateOptions& options_;
  const NativeSide& side_;
  scenarios::Runner& simulated_;
  References references_;
  Validation result_;
};

}  // namespace

Validation judge(const std::vector<scenarios::Point>& points, const ValidateOptions& options,
                 const NativeSide& side, scenarios::Runner& simulated) {
  return Judge{points, options, side, simulated}.run();
}

std::uint64_t NativeSummary::rejected_total() const {
  std::uint64_t total = 0;
  for (const Rejected& one : rejected) {
    total += one.count;
  }
  return total;
}

}  // namespace timeslice::validation
