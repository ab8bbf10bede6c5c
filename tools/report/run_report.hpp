// What `run` has to say about one scenario: its points condensed, its verdicts, its warnings.
//
// Collects outcomes as they arrive and drops what is large (timelines, resolved scenarios), so
// that a sweep of a million points costs a few hundred bytes a point. Printed by run_text.hpp and
// run_json.hpp.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/machine/machine_spec.hpp"
#include "models/work/nominal_work.hpp"
#include "models/work/timings.hpp"
#include "scenarios/format/expectation.hpp"
#include "scenarios/format/load.hpp"
#include "sim/result.hpp"
#include "tools/report/summary.hpp"

namespace timeslice::tools {

struct RunRow {
  std::uint64_t repetition = 0;
  std::uint64_t seed = 0;
  models::RunStatus status = models::RunStatus::ok;
  std::uint64_t digest = 0;
  std::uint64_t events = 0;
  std::int64_t makespan_ns = 0;
  std::int64_t wall_ns = 0;
  std::string error;
  std::int64_t sample_period_ns = 0;  // 0: no time line was kept
  std::vector<models::ProcessSample> process_samples = {};
  std::vector<models::CpuSample> cpu_samples = {};
};

struct PointReport {
  std::uint64_t ordinal = 0;
  std::string key;
  scenarios::Params params;
  std::vector<RunRow> runs;
  std::vector<SummaryMetric> metrics;
  std::vector<std::string> warnings;
  std::string error;  // not resolved: its diagnostics
  models::NominalWork work;
  double cpus = 0.0;            // of its machine
  bool shares_machine = false;  // with background programs
  std::uint64_t repeat = 0;     // repetitions that it is to have: more than `runs` where it was
  bool complete = true;         // interrupted, or resumed and then complete
  bool idle_main = false;       // `main` has no steps
};

struct ToolVersion {
  std::string version;
  std::string git;
  int model = 0;
};

/// What of an outcome will be asked for later.
struct ReportNeeds {
  bool every_metric = true;        // false: only totals and executors, not each thread and CPU
  bool timelines = false;          // the samples of kept time lines
  std::vector<std::string> rules;  // claims that will be judged: their metrics are remembered
};

struct RunReport {
  ToolVersion tool;
  std::string name;
  std::string about;
  std::string sha256;
  std::string machine;           // of the first point
  models::MachineCounts counts;  // of that machine
  /// What all points have in common: "4 cores, 8 CPUs", "linux-6.12", "CPython 3.11", "GIL on".
  std::vector<std::string> setting;
  bool machines_differ = false;
  std::uint64_t planned = 0;  // points of the plan
  std::vector<std::string> axes;
  std::vector<PointReport> points;
  std::vector<scenarios::Verdict> verdicts;
  std::vector<sim::Error> rule_errors;  // claims that cannot be evaluated at all

  /// Adds a finished point.
  void add(const PointOutcome& outcome, const ReportNeeds& needs);

  /// Puts them in the order of the sweep, however they arrived.
  void sort_points();

  /// Evaluates the scenario's claims. `complete`: every point of the plan was run.
  void judge(const std::vector<std::string>& rules, bool complete);

  [[nodiscard]] bool any_error() const;    // a point could not be resolved
  [[nodiscard]] bool any_failed() const;   // a run did not end well
  [[nodiscard]] bool any_refuted() const;  // a claim is false

 private:
  void add_setting(const models::WorldSpec& world);

  std::vector<scenarios::PointMetrics> samples_;
  bool all_whole_ = true;  // every point has all its repetitions here
};

/// The metric of that name and entity; nullptr where there is none.
[[nodiscard]] const SummaryMetric* find_metric(const PointReport& point, const std::string& name,
                                               const std::string& entity = {});

}  // namespace timeslice::tools
