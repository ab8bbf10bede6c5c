#include "tools/report/run_report.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

#include <fmt/format.h>

#include "tools/report/humanize.hpp"

namespace timeslice::tools {
namespace {

using scenarios::MetricSamples;
using scenarios::PointMetrics;

bool over_pooled_latencies(const std::string& name) {
  return name.starts_with("task_latency_p") || name.starts_with("loop_lag_");
}

// Whether a claim may speak of the metric: its name stands in one, or is behind a word in one.
bool is_claimed(const std::string& name, const std::vector<std::string>& rules) {
  return std::ranges::any_of(rules, [&](const std::string& rule) {
    return rule.find(name) != std::string::npos ||
           (name == "makespan" && rule.find("speedup") != std::string::npos);
  });
}

// Metrics of each thread and each CPU are many; those of executors and tasks are few.
bool is_total(const SummaryMetric& metric) {
  return metric.entity.empty() || metric.name == "startup" || metric.name == "shutdown" ||
         metric.name == "ipc_bytes";
}

MetricSamples samples_of(const SummaryMetric& metric, const PointOutcome& outcome) {
  MetricSamples samples{.name = metric.name, .entity = metric.entity, .values = {}, .pooled = {}};
  for (const models::Timings& run : outcome.runs) {
    const auto found = std::ranges::find_if(run.metrics, [&](const models::Metric& one) {
      return one.name == metric.name && one.entity == metric.entity;
    });
    if (run.status == models::RunStatus::ok && found != run.metrics.end()) {
      samples.values.push_back(found->value);
    }
  }
  if (over_pooled_latencies(metric.name) || samples.values.empty()) {
    samples.pooled = metric.mean;
  }
  return samples;
}

PointMetrics claimed_samples(const PointOutcome& outcome, const std::vector<std::string>& rules) {
  PointMetrics point{.params = outcome.point.params, .metrics = {}};
  for (const SummaryMetric& metric : outcome.metrics) {
    if (is_claimed(metric.name, rules)) {
      point.metrics.push_back(samples_of(metric, outcome));
    }
  }
  return point;
}

RunRow row_of(const PointOutcome& outcome, std::size_t index) {
  const models::Timings& run = outcome.runs[index];
  return RunRow{
      .repetition = repetition_of(outcome, index),
      .seed = run.seed,
      .status = run.status,
      .digest = run.digest,
      .events = run.events,
      .makespan_ns = run.makespan.count(),
      .wall_ns = index < outcome.wall_ns.size() ? outcome.wall_ns[index] : 0,
      .error = run.error,
      .sample_period_ns = 0,
      .process_samples = {},
      .cpu_samples = {},
  };
}

void add_timeline(const models::Timings& run, RunRow& row) {
  row.sample_period_ns = run.sample_period.count();
  row.process_samples = run.process_samples;
  row.cpu_samples = run.cpu_samples;
}

std::string machine_words(const models::MachineSpec& machine) {
  const models::MachineCounts count = models::counts(machine);
  std::string text = fmt::format("{}, {}", counted(count.cores, "core", "cores"),
                                 counted(count.cpus, "CPU", "CPUs"));
  if (count.packages > 1 || count.numa_nodes > 1) {
    text += fmt::format(", {}, {}", counted(count.packages, "package", "packages"),
                        counted(count.numa_nodes, "memory node", "memory nodes"));
  }
  return text;
}

std::vector<std::string> setting_of(const models::WorldSpec& world) {
  std::vector<std::string> setting{machine_words(world.machine), world.os.scheduler};
  if (world.runtime.language == models::Language::none) {
    setting.emplace_back("no Python");
  } else {
    setting.push_back("CPython " + models::to_text(world.runtime.version));
    setting.emplace_back(world.runtime.gil.enabled ? "GIL on" : "GIL off");
  }
  return setting;
}

}  // namespace

void RunReport::add_setting(const models::WorldSpec& world) {
  const std::vector<std::string> here = setting_of(world);
  if (machine.empty()) {
    machine = world.machine.name;
    counts = models::counts(world.machine);
    setting = here;
  } else {
    std::erase_if(setting, [&](const std::string& known) {
      return std::ranges::find(here, known) == here.end();
    });
    machines_differ = machines_differ || machine != world.machine.name;
  }
}

void RunReport::add(const PointOutcome& outcome, const ReportNeeds& needs) {
  PointReport point{
      .ordinal = outcome.point.ordinal,
      .key = outcome.point.key,
      .params = outcome.point.params,
      .runs = {},
      .metrics = outcome.metrics,
      .warnings = outcome.warnings,
      .error = outcome.error,
      .work = models::nominal_work(outcome.point.scenario.world),
      .cpus = static_cast<double>(outcome.point.scenario.world.machine.cpus.size()),
      .shares_machine = !outcome.point.scenario.world.background.empty(),
      .repeat = outcome.point.scenario.repeat.most,
      .complete = outcome.complete,
      .idle_main = outcome.error.empty() && outcome.point.scenario.world.main.empty(),
  };
  for (std::size_t repetition = 0; repetition < outcome.runs.size(); ++repetition) {
    point.runs.push_back(row_of(outcome, repetition));
    if (needs.timelines) {
      add_timeline(outcome.runs[repetition], point.runs.back());
    }
  }
  if (!needs.every_metric) {
    std::erase_if(point.metrics, [](const SummaryMetric& metric) { return !is_total(metric); });
  }
  points.push_back(std::move(point));
  if (outcome.error.empty()) {
    add_setting(outcome.point.scenario.world);
  }
  const bool whole = outcome.complete && outcome.runs.size() >= outcome.point.scenario.repeat.most;
  all_whole_ = all_whole_ && (whole || !outcome.error.empty());
  if (!needs.rules.empty() && outcome.error.empty() && whole) {
    samples_.push_back(claimed_samples(outcome, needs.rules));
  }
}

void RunReport::sort_points() {
  std::ranges::sort(points, {}, &PointReport::ordinal);
}

void RunReport::judge(const std::vector<std::string>& rules, bool complete) {
  // Runs that did not end well have no metrics: no fault of the claims.
  const bool blameless = any_failed();
  for (const std::string& rule : rules) {
    const auto verdict = scenarios::evaluate_expectation(rule, samples_, complete && all_whole_);
    if (verdict) {
      verdicts.push_back(verdict.value());
      continue;
    }
    verdicts.push_back({.rule = rule, .holds = {}, .actual = verdict.error().what});
    if (!blameless) {
      rule_errors.push_back(verdict.error());
    }
  }
}

bool RunReport::any_error() const {
  return !rule_errors.empty() ||
         std::ranges::any_of(points, [](const PointReport& point) { return !point.error.empty(); });
}

bool RunReport::any_failed() const {
  return std::ranges::any_of(points, [](const PointReport& point) {
    return std::ranges::any_of(
        point.runs, [](const RunRow& run) { return run.status != models::RunStatus::ok; });
  });
}

bool RunReport::any_refuted() const {
  return std::ranges::any_of(verdicts, [](const scenarios::Verdict& verdict) {
    return verdict.holds.has_value() && !*verdict.holds;
  });
}

const SummaryMetric* find_metric(const PointReport& point, const std::string& name,
                                 const std::string& entity) {
  const auto found = std::ranges::find_if(point.metrics, [&](const SummaryMetric& metric) {
    return metric.name == name && metric.entity == entity;
  });
  return found == point.metrics.end() ? nullptr : &*found;
}

}  // namespace timeslice::tools
