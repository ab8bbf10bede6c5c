#include "tools/report/run_text.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "models/world_report.hpp"
#include "tools/report/cost_bars.hpp"
#include "tools/report/humanize.hpp"
#include "tools/report/paint.hpp"
#include "tools/report/speedup.hpp"
#include "tools/report/tally.hpp"
#include "tools/report/text_table.hpp"
#include "tools/store/names.hpp"

namespace timeslice::tools {
namespace {

constexpr std::size_t run_rows_max = 40;    // longer sweeps are shortened: query has the rest
constexpr std::size_t detailed_points = 3;  // so many points get the long account by themselves
constexpr std::size_t waterfalls_max = 8;   // of a sweep, without -v
constexpr std::size_t failures_shown = 5;
constexpr std::size_t metric_rows_max = 200;  // of a point, with -v

// Parameters that are not the same at every point, in file order.
std::vector<std::string> varying_params(const RunReport& report) {
  std::map<std::string, std::set<std::string>> values;
  for (const PointReport& point : report.points) {
    for (const scenarios::Param& param : point.params) {
      values[param.name].insert(param.value);
    }
  }
  std::vector<std::string> names;
  if (!report.points.empty()) {
    for (const scenarios::Param& param : report.points.front().params) {
      names.push_back(param.name);
    }
  }
  std::erase_if(names, [&](const std::string& name) { return values[name].size() < 2; });
  return names;
}

std::string param_of(const PointReport& point, const std::string& name) {
  const auto found = std::ranges::find(point.params, name, &scenarios::Param::name);
  if (found == point.params.end()) {
    return "-";
  }
  return name == "variant" && found->value.empty() ? "base" : safe_text(found->value);
}

// Sum over the entities of a metric that has no total of its own.
std::optional<double> total_of(const PointReport& point, const std::string& name) {
  if (const SummaryMetric* whole = find_metric(point, name)) {
    return whole->mean;
  }
  std::optional<double> total;
  for (const SummaryMetric& metric : point.metrics) {
    if (metric.name == name) {
      total = total.value_or(0.0) + metric.mean;
    }
  }
  return total;
}

std::string shown(const std::optional<double>& value, std::string_view unit) {
  return value ? human_value(*value, unit) : "-";
}

std::optional<double> share_of_makespan(const PointReport& point, const std::string& name) {
  const SummaryMetric* makespan = find_metric(point, "makespan");
  const auto part = total_of(point, name);
  if (makespan == nullptr || !part || makespan->mean <= 0.0) {
    return std::nullopt;
  }
  return *part / makespan->mean;
}

std::optional<double> switches(const PointReport& point) {
  const auto voluntary = total_of(point, "switches_voluntary");
  const auto involuntary = total_of(point, "switches_involuntary");
  return voluntary || involuntary
             ? std::optional{voluntary.value_or(0.0) + involuntary.value_or(0.0)}
             : std::nullopt;
}

// Share of the machine's time that background programs took; nothing where there are none. CPU time
// counts the program's own threads alone.
std::optional<double> busy_by_others(const PointReport& point) {
  const auto busy = total_of(point, "cpu_utilization");
  const auto own = share_of_makespan(point, "cpu_time");
  if (!point.shares_machine || !busy || !own || point.cpus <= 0.0) {
    return std::nullopt;
  }
  return std::max(0.0, *busy - *own / point.cpus);
}

// "ok", or what happened and to how many of the replications.
std::string outcome_of(const PointReport& point) {
  if (!point.error.empty()) {
    return "invalid";
  }
  std::map<std::string, std::size_t> failed;
  for (const RunRow& run : point.runs) {
    if (run.status != models::RunStatus::ok) {
      ++failed[std::string{status_name(run.status)}];
    }
  }
  const bool partly = point.runs.size() < point.repeat;
  std::string text =
      !partly ? ""
      : point.complete
          ? fmt::format("{} of {} runs, the rest before", point.runs.size(), point.repeat)
          : fmt::format("{} of {} runs", point.runs.size(), point.repeat);
  for (const auto& [name, count] : failed) {
    text +=
        fmt::format("{}{} in {} of {}", text.empty() ? "" : ", ", name, count, point.runs.size());
  }
  return text;
}

std::vector<TextColumn> columns_of(const std::vector<std::string>& params) {
  constexpr std::array titles{"makespan",  "± 95 %",    "runs",     "speed-up",
                              "CPUs busy", "by others", "GIL held", "GIL wait",
                              "switches",  "startup",   "shutdown"};
  std::vector<TextColumn> columns;
  columns.reserve(params.size() + titles.size() + 1);
  for (const std::string& name : params) {
    columns.push_back({.title = safe_text(name), .align = Align::left});
  }
  for (const char* title : titles) {
    columns.push_back({.title = title, .align = Align::right});
  }
  columns.push_back({.title = "outcome", .align = Align::left});
  return columns;
}

/// What the row of one point needs to know of the others.
struct RowContext {
  const std::vector<std::string>& params;
  bool count_runs = false;  // points have different numbers of them
};

std::vector<std::string> cells_of(const PointReport& point, const RowContext& context,
                                  const std::optional<double>& speedup) {
  std::vector<std::string> cells;
  std::ranges::transform(context.params, std::back_inserter(cells),
                         [&](const std::string& name) { return param_of(point, name); });
  const SummaryMetric* makespan = find_metric(point, "makespan");
  cells.push_back(makespan == nullptr ? "-" : human_duration(makespan->mean));
  cells.push_back(makespan == nullptr ? "" : human_spread(makespan->low, makespan->high, "ns"));
  cells.push_back(context.count_runs ? std::to_string(point.runs.size()) : "");
  cells.push_back(speedup ? human_ratio(*speedup) : "");
  cells.push_back(shown(total_of(point, "cpu_utilization"), "1"));
  cells.push_back(shown(busy_by_others(point), "1"));
  const auto gil_held = share_of_makespan(point, "gil_held");
  cells.push_back(gil_held && *gil_held > 0.0 ? human_share(*gil_held) : "-");
  cells.push_back(shown(total_of(point, "gil_wait"), "ns"));
  cells.push_back(shown(switches(point), "count"));
  cells.push_back(shown(total_of(point, "startup"), "ns"));
  cells.push_back(shown(total_of(point, "shutdown"), "ns"));
  cells.push_back(outcome_of(point));
  return cells;
}

std::string head_lines(const RunReport& report, const Paint& paint) {
  std::string text = paint.bold(safe_text(report.name));
  if (!report.about.empty()) {
    text += ": " + safe_text(report.about);
  }
  if (report.machine.empty()) {
    return text + "\n\n";
  }
  std::string setting;
  for (const std::string& part : report.setting) {
    setting += (setting.empty() ? "" : "; ") + safe_text(part);
  }
  const std::string machine =
      report.machines_differ ? "several machines" : "machine " + safe_text(report.machine);
  return text + '\n' + machine + (setting.empty() ? "" : ": " + setting) + "\n\n";
}

std::string point_table(const RunReport& report, const Paint& paint) {
  const auto params = varying_params(report);
  const auto [axis, other_axis] = speedup_axis(report);
  auto ratios = axis.empty() ? std::vector<std::optional<double>>(report.points.size())
                             : speedups(report, axis);
  const bool count_runs =
      std::ranges::adjacent_find(report.points, [](const auto& a, const auto& b) {
        return a.runs.size() != b.runs.size() && a.error.empty() && b.error.empty();
      }) != report.points.end();
  TextTable table{columns_of(params)};
  for (std::size_t index = 0; index < report.points.size(); ++index) {
    table.add_row(cells_of(report.points[index], {params, count_runs}, ratios[index]));
  }
  table.drop_empty_columns();
  if (std::ranges::all_of(report.points, &PointReport::idle_main)) {
    return "  nothing ran: `main` has no steps\n";
  }
  std::string text = table.text(run_rows_max, paint.bold_on(), paint.off());
  if (!axis.empty()) {
    text += fmt::format("  speed-up: against the smallest {}, all else equal\n", safe_text(axis));
  } else if (!other_axis.empty()) {
    text +=
        fmt::format("  no speed-up: {} changes how much work there is\n", safe_text(other_axis));
  }
  if (std::ranges::any_of(report.points, &PointReport::shares_machine)) {
    text += "  CPUs busy: with all programs; by others: with the background programs alone\n";
  }
  const bool several_gils = std::ranges::any_of(report.points, [](const PointReport& point) {
    return share_of_makespan(point, "gil_held").value_or(0.0) > 1.0;
  });
  if (several_gils) {
    text += "  GIL held: share of the makespan, summed over the interpreters\n";
  }
  if (table.rows() > run_rows_max) {
    text += "  all points: timeslice query DB v_summary\n";
  }
  return text;
}

// One line of the long account; nothing where the part is missing or zero.
std::string part_line(std::string_view name, const std::optional<double>& value,
                      std::string_view unit, std::string_view remark) {
  if (!value || *value == 0.0) {
    return {};
  }
  return fmt::format("    {:<18} {:>9}{}{}\n", name, human_value(*value, unit),
                     remark.empty() ? "" : "  ", remark);
}

std::string where_lines(const PointReport& point) {
  const auto busy = total_of(point, "cpu_utilization");
  if (!busy) {
    return {};
  }
  const auto others = busy_by_others(point);
  const double cpus = point.cpus;
  std::string text =
      part_line("CPUs busy", busy, "1", fmt::format("{:.2f} of {} on average", *busy * cpus, cpus));
  text += part_line("  by others", others, "1", "the background programs");
  text += part_line("CPUs idle", 1.0 - *busy, "1", "");
  text +=
      part_line("CPU time used", total_of(point, "cpu_time"), "ns",
                others ? "by the program's threads, background programs apart" : "by all threads");
  text += part_line("GIL held", share_of_makespan(point, "gil_held"), "1",
                    "of the makespan, summed over interpreters");
  text += part_line("GIL wait", total_of(point, "gil_wait"), "ns", "summed over threads");
  text += part_line("GIL handovers", total_of(point, "gil_switches"), "count", "");
  text += part_line("queued for a CPU", total_of(point, "ready_wait"), "ns", "summed over threads");
  text += part_line("alone on a core", total_of(point, "state_parallel"), "1", "of busy time");
  text += part_line("beside a sibling", total_of(point, "state_smt"), "1", "of busy time");
  text += part_line("sharing a CPU", total_of(point, "state_timeshared"), "1", "of busy time");
  text += part_line("switches, own will", total_of(point, "switches_voluntary"), "count", "");
  text += part_line("switches, forced", total_of(point, "switches_involuntary"), "count", "");
  text += part_line("migrations", total_of(point, "migrations"), "count", "");
  text += part_line("throttled", total_of(point, "throttled_time"), "ns",
                    "by quotas, summed over groups and CPUs");
  text += part_line("startup", total_of(point, "startup"), "ns", "of executors");
  text += part_line("shutdown", total_of(point, "shutdown"), "ns", "of executors");
  text += part_line("between processes", total_of(point, "ipc_bytes"), "B", "");
  return text;
}

std::string point_title(const PointReport& point, const std::vector<std::string>& params) {
  std::string text;
  for (const std::string& name : params) {
    text +=
        fmt::format("{}{}={}", text.empty() ? "" : ", ", safe_text(name), param_of(point, name));
  }
  return text;
}

std::string account(const RunReport& report, const RunTextStyle& style, const Paint& paint) {
  if (report.points.size() > detailed_points && !style.details) {
    return {};
  }
  const auto params = varying_params(report);
  std::string text;
  for (const PointReport& point : report.points) {
    const std::string lines = where_lines(point);
    if (lines.empty()) {
      continue;
    }
    const std::string title = point_title(point, params);
    text += fmt::format("\n  {}{}{}\n{}", paint.bold("where the time went"),
                        title.empty() ? "" : " at ", title, lines);
  }
  return text;
}

// The waterfalls of all points, as far as they fit on a page.
std::string costs(const RunReport& report, const RunTextStyle& style, const Paint& paint) {
  const auto params = varying_params(report);
  std::string text;
  std::size_t drawn = 0;
  std::size_t left_out = 0;
  for (const PointReport& point : report.points) {
    const std::string bars = cost_bars(point);
    if (bars.empty() || (drawn == waterfalls_max && !style.details)) {
      left_out += bars.empty() ? 0U : 1U;
      continue;
    }
    ++drawn;
    const std::string title = point_title(point, params);
    text += fmt::format("\n  {}{}{}\n{}", paint.bold("what it cost"), title.empty() ? "" : " at ",
                        title, bars);
  }
  if (left_out > 0) {
    text += fmt::format("\n  and {} more points: -v shows them all\n", left_out);
  }
  return text;
}

// Whether threads or CPUs beyond the first ones have no metrics of their own.
bool leaves_out_entities(const PointReport& point) {
  double listed = 0.0;
  for (const SummaryMetric& metric : point.metrics) {
    listed += metric.name == "cpu_time" && !metric.entity.empty() ? metric.mean : 0.0;
  }
  const double all = total_of(point, "cpu_time").value_or(0.0);
  return point.cpus > static_cast<double>(models::max_entities) || all - listed > 1e-9 * all + 1.0;
}

// Of a metric that is never negative: 0 in every run.
bool is_zero(const SummaryMetric& metric) {
  return metric.mean == 0.0 && metric.low.value_or(0.0) == 0.0 && metric.high.value_or(0.0) == 0.0;
}

std::string every_metric(const RunReport& report) {
  std::string text;
  const auto params = varying_params(report);
  for (const PointReport& point : report.points) {
    TextTable table{
        {{"metric", Align::left}, {"entity", Align::left}, {"mean"}, {"± 95 %"}, {"n"}}};
    std::size_t zeros = 0;
    for (const SummaryMetric& metric : point.metrics) {
      if (is_zero(metric)) {
        ++zeros;
        continue;
      }
      table.add_row({metric.name, safe_text(metric.entity), human_value(metric.mean, metric.unit),
                     human_spread(metric.low, metric.high, metric.unit), std::to_string(metric.n)});
    }
    text +=
        fmt::format("\n  point {} {} {}\n", point.ordinal, point.key, point_title(point, params)) +
        table.text(metric_rows_max);
    if (zeros > 0) {
      text += fmt::format("  {} more {} 0 in every run\n", zeros, zeros == 1 ? "is" : "are");
    }
    if (leaves_out_entities(point)) {
      text += fmt::format(
          "  only the first {} threads, CPUs and cores have rows; totals count them all\n",
          models::max_entities);
    }
  }
  return text;
}

std::string verdict_lines(const RunReport& report, const Paint& paint) {
  if (report.verdicts.empty()) {
    return {};
  }
  std::string text = "\n  " + paint.bold("expectations") + '\n';
  for (const scenarios::Verdict& verdict : report.verdicts) {
    const std::string word = !verdict.holds   ? "  not evaluated"
                             : *verdict.holds ? paint.good("  holds        ")
                                              : paint.bad("  FAILS        ");
    text += fmt::format("{}  {}  ({})\n", word, safe_text(verdict.rule), safe_text(verdict.actual));
  }
  return text;
}

std::string failure_line(const PointReport& point, const RunRow& run, const std::string& title) {
  const std::string status{status_name(run.status)};
  std::string reason = run.error.empty() ? "no reason given" : safe_text(run.error);
  if (reason.starts_with(status + ": ")) {  // it is said already
    reason.erase(0, status.size() + 2);
  }
  return fmt::format("{}: point {}{}{}, repetition {}, seed {}: {}\n", status, point.ordinal,
                     title.empty() ? "" : " at ", title, run.repetition, run.seed, reason);
}

}  // namespace

std::string run_text(const RunReport& report, const RunTextStyle& style) {
  const Paint paint{style.colour};
  std::string text = head_lines(report, paint);
  if (!report.points.empty()) {
    text +=
        point_table(report, paint) + account(report, style, paint) + costs(report, style, paint);
  }
  if (style.details) {
    text += every_metric(report);
  }
  return text + verdict_lines(report, paint);
}

std::string warning_lines(const RunReport& report) {
  Tally warnings;
  for (const PointReport& point : report.points) {
    warnings.add_all(point.warnings);
  }
  std::string text;
  for (const auto& [warning, count] : warnings.entries()) {
    text += "warning: " + safe_text(warning);
    if (count < report.points.size()) {
      text += fmt::format(" ({} of {} points)", count, report.points.size());
    }
    text += '\n';
  }
  return text;
}

std::string failure_lines(const RunReport& report) {
  const auto params = varying_params(report);
  std::string text;
  std::size_t failures = 0;
  for (const PointReport& point : report.points) {
    const std::string title = point_title(point, params);
    for (const RunRow& run : point.runs) {
      failures += run.status == models::RunStatus::ok ? 0 : 1;
      const bool told = run.status != models::RunStatus::ok && failures <= failures_shown;
      text += told ? failure_line(point, run, title) : "";
    }
  }
  if (failures > failures_shown) {
    text += fmt::format("... and {} more runs that did not end well\n", failures - failures_shown);
  }
  return text;
}

}  // namespace timeslice::tools
