#include "tools/report/validation_json.hpp"

#include <cmath>
#include <cstddef>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "sim/expect.hpp"
#include "tools/report/run_json.hpp"

namespace timeslice::tools {
namespace {

using Json = nlohmann::ordered_json;

Json json_number(double value) {
  return std::isfinite(value) ? Json(value) : Json(nullptr);
}

Json json_number(const std::optional<double>& value) {
  return value ? json_number(*value) : Json(nullptr);
}

Json comparison_json(const validation::Comparison& one) {
  return {{"name", one.name},
          {"entity", one.entity},
          {"unit", one.unit},
          {"predicted", json_number(one.predicted)},
          {"predicted_low", json_number(one.predicted_low)},
          {"predicted_high", json_number(one.predicted_high)},
          {"measured", json_number(one.measured)},
          {"measured_cv", json_number(one.measured_cv)},
          {"error", json_number(one.error)},
          {"error_raw", json_number(one.error_raw)},
          {"error_null", json_number(one.error_null)},
          {"covered", one.covered}};
}

Json native_json(const validation::NativeSummary& native) {
  Json reasons = Json::object();
  for (const auto& rejected : native.rejected) {
    reasons[rejected.reason] = rejected.count;
  }
  return {{"runs", native.runs},
          {"rejected", native.rejected_total()},
          {"rejected_by_reason", std::move(reasons)},
          {"speed_index", native.speed_index}};
}

Json timelines_json(const validation::TimelineComparison& timelines) {
  Json rows = Json::array();
  for (const validation::TimelineRow& row : timelines.rows) {
    rows.push_back({{"name", row.name},
                    {"entity", row.entity},
                    {"unit", row.unit},
                    {"predicted", json_number(row.predicted)},
                    {"measured", json_number(row.measured)},
                    {"error", json_number(row.error)}});
  }
  return {{"recorder", timelines.recorder},
          {"why_not_better", timelines.why_not_better},
          {"runs", timelines.runs},
          {"repaired", timelines.repaired},
          {"foreign_share", json_number(timelines.foreign_share)},
          {"steal_share", json_number(timelines.steal_share)},
          {"rows", std::move(rows)}};
}

/// Errors without each effect, by its name; null where some run did not end well without it.
Json ablation_json(const std::vector<validation::AblationRow>& rows) {
  Json json = Json::object();
  for (const validation::AblationRow& row : rows) {
    json[row.effect] = json_number(row.error);
  }
  return json;
}

Json summary_json(const validation::ValidationSummary& summary) {
  return {{"points", summary.points},
          {"mape", json_number(summary.mape)},
          {"median", json_number(summary.median)},
          {"p90", json_number(summary.p90)},
          {"max", json_number(summary.max)},
          {"raw_median", json_number(summary.raw_median)},
          {"null_median", json_number(summary.null_median)},
          {"skill", json_number(summary.skill)},
          {"coverage", json_number(summary.coverage)},
          {"interval_score", json_number(summary.interval_score)}};
}

}  // namespace

std::string validation_json(const RunReport& predicted, const validation::Validation& result) {
  sim::expect(predicted.points.size() == result.points.size(),
              "every validated point is in the report");
  Json document = run_document(predicted);
  document["schema"] = "timeslice.validate/1";
  for (std::size_t index = 0; index < result.points.size(); ++index) {
    const validation::PointValidation& point = result.points[index];
    Json& json = document["points"][index];
    Json comparisons = Json::array();
    for (const validation::Comparison& one : point.comparisons) {
      comparisons.push_back(comparison_json(one));
    }
    json["class"] = point.group;
    json["comparison"] = std::move(comparisons);
    json["native"] = native_json(point.native);
    if (point.timelines) {
      json["timeline"] = timelines_json(*point.timelines);
    }
    if (!point.ablation.empty()) {
      json["ablation"] = ablation_json(point.ablation);
    }
    json["within_tolerance"] = point.within_tolerance;
  }
  Json summary = {{"all", summary_json(result.all)}};
  Json by_class = Json::object();
  for (const auto& group : result.groups) {
    by_class[group.name] = summary_json(group.summary);
  }
  summary["by_class"] = std::move(by_class);
  document["summary"] = std::move(summary);
  document["notes"] = result.notes;
  document["warnings"] = result.warnings;
  return json_line(document);
}

}  // namespace timeslice::tools
