#include "tools/report/timeline_text.hpp"

#include <fmt/format.h>

#include "tools/report/humanize.hpp"
#include "tools/report/paint.hpp"
#include "tools/report/tally.hpp"
#include "tools/report/text_table.hpp"

namespace timeslice::tools {
namespace {

using validation::TimelineComparison;
using validation::TimelineRow;

constexpr std::size_t timeline_rows_max = 200;
constexpr double per_cent = 100.0;

/// What the head of a point's table says about how it was recorded.
std::string origin(const TimelineComparison& timelines) {
  std::string text =
      fmt::format("recorded by {}, {}", timelines.recorder, counted(timelines.runs, "run", "runs"));
  if (timelines.foreign_share) {
    text += fmt::format("; other programs had {:.1f} % of the CPUs' time",
                        *timelines.foreign_share * per_cent);
  }
  if (timelines.steal_share > 0.0) {
    text += fmt::format("; steal {:.1f} % of the makespan", timelines.steal_share * per_cent);
  }
  if (timelines.repaired > 0) {
    text += fmt::format("; {} not reported by the kernel were rebuilt",
                        counted(timelines.repaired, "switch", "switches"));
  }
  return text;
}

bool is_shown(const TimelineRow& row, bool details) {
  return details || row.entity.empty() || row.name == "cpu_share";
}

std::string table_of(const TimelineComparison& timelines, bool details, const Paint& paint) {
  TextTable table{{{"timeline", Align::left}, {"predicted"}, {"recorded"}, {"error"}}};
  for (const TimelineRow& row : timelines.rows) {
    if (is_shown(row, details)) {
      const std::string entity = row.entity.empty() ? "" : "[" + safe_text(row.entity) + "]";
      table.add_row({safe_text(row.name) + entity, human_value(row.predicted, row.unit),
                     human_value(row.measured, row.unit), signed_share(row.error)});
    }
  }
  return table.text(timeline_rows_max, paint.bold_on(), paint.off());
}

}  // namespace

std::string timeline_text(const validation::Validation& result, const ValidationTextStyle& style) {
  const Paint paint{style.colour};
  std::string text;
  std::string why;
  for (const validation::PointValidation& point : result.points) {
    if (point.timelines) {
      text += "\n  " + paint.bold(params_of(point)) + ": " + origin(*point.timelines) + "\n\n" +
              table_of(*point.timelines, style.details, paint);
      why = point.timelines->why_not_better;
    }
  }
  return why.empty() ? text : text + "\n  " + safe_text(why) + '\n';
}

}  // namespace timeslice::tools
