#include "tools/report/validation_text.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "tools/report/humanize.hpp"
#include "tools/report/paint.hpp"
#include "tools/report/tally.hpp"
#include "tools/report/text_table.hpp"
#include "tools/report/timeline_text.hpp"

namespace timeslice::tools {
namespace {

using validation::Comparison;
using validation::PointValidation;
using validation::ValidationSummary;

constexpr std::size_t validation_rows_max = 60;

std::string share(double value) {
  return fmt::format("{:.1f} %", value * 100.0);
}

std::string runs_of(const PointValidation& point) {
  const auto rejected = point.native.rejected_total();
  return rejected == 0 ? std::to_string(point.native.runs)
                       : fmt::format("{} (+{} rejected)", point.native.runs, rejected);
}

void add_comparison(TextTable& table, const PointValidation& point, const Comparison& one) {
  const std::string metric = one.entity.empty() ? one.name : one.name + "[" + one.entity + "]";
  table.add_row({params_of(point), safe_text(metric), human_value(one.predicted, one.unit),
                 fmt::format("{} .. {}", human_value(one.predicted_low, one.unit),
                             human_value(one.predicted_high, one.unit)),
                 human_value(one.measured, one.unit), share(one.measured_cv),
                 signed_share(one.error), signed_share(one.error_raw), signed_share(one.error_null),
                 one.covered ? "inside" : "outside", runs_of(point)});
}

std::string comparison_table(const validation::Validation& result, const ValidationTextStyle& style,
                             const Paint& paint) {
  TextTable table{{{"point", Align::left},
                   {"metric", Align::left},
                   {"predicted"},
                   {"95 % interval"},
                   {"measured"},
                   {"spread"},
                   {"error"},
                   {"error raw"},
                   {"error null"},
                   {"interval", Align::left},
                   {"native runs", Align::left}}};
  for (const PointValidation& point : result.points) {
    const std::size_t shown = style.details ? point.comparisons.size()
                                            : std::min<std::size_t>(1, point.comparisons.size());
    for (std::size_t index = 0; index < shown; ++index) {
      add_comparison(table, point, point.comparisons[index]);
    }
    if (shown == 0) {
      table.add_row(
          {params_of(point), "makespan", "-", "-", "-", "-", "-", "-", "-", "-", runs_of(point)});
    }
  }
  return table.text(validation_rows_max, paint.bold_on(), paint.off());
}

std::string rejected_lines(const validation::Validation& result) {
  Tally reasons;
  for (const PointValidation& point : result.points) {
    for (const auto& rejected : point.native.rejected) {
      reasons.add(rejected.reason, rejected.count);
    }
  }
  std::string text;
  for (const auto& [reason, count] : reasons.entries()) {
    text += fmt::format("  rejected {}: {}\n", counted(count, "run", "runs"), safe_text(reason));
  }
  return text;
}

/// "point 0: without gil -41.0 %, without start -3.1 % ..."
std::string ablation_lines(const validation::Validation& result) {
  std::string text;
  for (const PointValidation& point : result.points) {
    std::string row;
    for (const validation::AblationRow& one : point.ablation) {
      row += fmt::format("{}{} {}", row.empty() ? "" : ", ", one.effect, signed_share(one.error));
    }
    text += row.empty() ? "" : fmt::format("  {}: error without {}\n", params_of(point), row);
  }
  return text.empty() ? text : '\n' + text;
}

std::string summary_line(std::string_view name, const ValidationSummary& summary) {
  if (summary.points == 0) {
    return fmt::format("  {}: no point could be compared\n", name);
  }
  return fmt::format(
      "  {}: {}; |error| median {}, 90th percentile {}, worst {}; raw median {}, null median {}; "
      "skill {:.2f}, {} inside their interval\n",
      name, counted(summary.points, "point", "points"), share(summary.median), share(summary.p90),
      share(summary.max), share(summary.raw_median), share(summary.null_median), summary.skill,
      share(summary.coverage));
}

}  // namespace

std::string signed_share(const std::optional<double>& share) {
  constexpr double per_cent = 100.0;
  return share ? fmt::format("{:+.1f} %", *share * per_cent) : "-";
}

std::string params_of(const PointValidation& point) {
  std::string text;
  for (const scenarios::Param& param : point.point.params) {
    if (param.name == "variant" && param.value.empty()) {
      continue;
    }
    text += (text.empty() ? "" : " ") + safe_text(param.name) + "=" + safe_text(param.value);
  }
  return text.empty() ? fmt::format("point {}", point.point.ordinal) : text;
}

std::string validation_summary(const validation::Validation& result, bool colour) {
  const Paint paint{colour};
  std::string text = paint.bold("  how far off the makespans are") + '\n';
  text += summary_line("all", result.all);
  if (result.groups.size() > 1) {
    for (const auto& group : result.groups) {
      text += summary_line(safe_text(group.name), group.summary);
    }
  }
  return text;
}

std::string validation_text(const validation::Validation& result,
                            const ValidationTextStyle& style) {
  const Paint paint{style.colour};
  std::string text = comparison_table(result, style, paint) + rejected_lines(result);
  text +=
      "  error: given each run's speed index; raw: nothing from the run; null: the index alone\n\n";
  text += validation_summary(result, style.colour);
  text += ablation_lines(result);
  text += timeline_text(result, style);
  if (style.details) {
    for (const std::string& note : result.notes) {
      text += "  " + safe_text(note) + '\n';
    }
  }
  return text;
}

std::string validation_warnings(const validation::Validation& result) {
  Tally warnings;
  warnings.add_all(result.warnings);
  for (const PointValidation& point : result.points) {
    warnings.add_all(point.warnings);
  }
  std::string text;
  for (const auto& [warning, count] : warnings.entries()) {
    text += "warning: " + safe_text(warning) + '\n';
  }
  return text;
}

}  // namespace timeslice::tools
