#include "tools/report/run_json.hpp"

#include <cmath>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "tools/report/humanize.hpp"
#include "tools/report/param_json.hpp"
#include "tools/store/names.hpp"

namespace timeslice::tools {
namespace {

using Json = nlohmann::ordered_json;

Json number_or_null(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? Json(*value) : Json(nullptr);
}

/// The columns that psutil has, a row a sample; docs/models/psutil.md.
Json timeline_json(const RunRow& run) {
  Json processes = Json::array();
  for (const models::ProcessSample& sample : run.process_samples) {
    processes.push_back({sample.at.time_since_epoch().count(), sample.process, sample.cpu_percent,
                         sample.rss, sample.pss, sample.threads, sample.voluntary,
                         sample.involuntary});
  }
  Json cpus = Json::array();
  for (const models::CpuSample& sample : run.cpu_samples) {
    cpus.push_back({sample.at.time_since_epoch().count(), sample.cpu, sample.percent});
  }
  return {{"period_ns", run.sample_period_ns},
          {"process_columns",
           {"at_ns", "process", "cpu_percent", "rss", "pss", "num_threads",
            "ctx_switches_voluntary", "ctx_switches_involuntary"}},
          {"processes", std::move(processes)},
          {"cpu_columns", {"at_ns", "cpu", "cpu_percent"}},
          {"cpus", std::move(cpus)}};
}

Json runs_json(const PointReport& point) {
  Json runs = Json::array();
  for (const RunRow& run : point.runs) {
    Json row = {
        {"rep", run.repetition},       {"seed", run.seed},     {"status", status_name(run.status)},
        {"digest", hex16(run.digest)}, {"events", run.events}, {"makespan_ns", run.makespan_ns},
        {"wall_ns", run.wall_ns}};
    if (!run.error.empty()) {
      row["error"] = run.error;
    }
    if (run.sample_period_ns > 0) {
      row["timeline"] = timeline_json(run);
    }
    runs.push_back(std::move(row));
  }
  return runs;
}

Json metrics_json(const PointReport& point) {
  Json metrics = Json::array();
  for (const SummaryMetric& metric : point.metrics) {
    metrics.push_back({{"name", metric.name},
                       {"entity", metric.entity},
                       {"unit", metric.unit},
                       {"mean", number_or_null(metric.mean)},
                       {"low", number_or_null(metric.low)},
                       {"high", number_or_null(metric.high)},
                       {"n", metric.n}});
  }
  return metrics;
}

Json point_json(const PointReport& point) {
  Json json = {{"ordinal", point.ordinal},
               {"key", point.key},
               {"params", params_json(point.params)},
               {"runs", runs_json(point)},
               {"metrics", metrics_json(point)},
               {"warnings", point.warnings}};
  if (point.runs.size() < point.repeat && point.error.empty()) {
    json["repeat"] = point.repeat;  // interrupted or resumed: not all of them are here
  }
  if (!point.error.empty()) {
    json["error"] = point.error;
  }
  return json;
}

Json verdicts_json(const RunReport& report) {
  Json verdicts = Json::array();
  for (const scenarios::Verdict& verdict : report.verdicts) {
    verdicts.push_back({{"rule", verdict.rule},
                        {"holds", verdict.holds ? Json(*verdict.holds) : Json(nullptr)},
                        {"actual", verdict.actual}});
  }
  return verdicts;
}

}  // namespace

Json run_document(const RunReport& report) {
  Json points = Json::array();
  for (const PointReport& point : report.points) {
    points.push_back(point_json(point));
  }
  return {
      {"schema", "timeslice.run/1"},
      {"tool",
       {{"version", report.tool.version}, {"git", report.tool.git}, {"model", report.tool.model}}},
      {"scenario", {{"name", report.name}, {"sha256", report.sha256}}},
      {"machine",
       {{"name", report.machine},
        {"cpus", report.counts.cpus},
        {"cores", report.counts.cores},
        {"packages", report.counts.packages},
        {"numa_nodes", report.counts.numa_nodes}}},
      {"points", std::move(points)},
      {"expect", verdicts_json(report)},
  };
}

std::string run_json(const RunReport& report) {
  return json_line(run_document(report));
}

std::string json_line(const Json& document) {
  return document.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace timeslice::tools
