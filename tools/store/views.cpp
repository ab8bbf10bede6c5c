#include "tools/store/views.hpp"

#include <array>

#include <fmt/core.h>

namespace timeslice::tools {
namespace {

// A scenario that was run again has several batches; people mostly mean the last.
constexpr std::array all_views{
    View{"runs", "one row a run of each scenario's newest batch, with its parameters",
         "run, scenario, kind, rep, status, makespan_ns, cpu_utilization, <your parameters>",
         "SELECT run, workers, makespan_ns / 1e6 AS ms FROM v_run WHERE status = 'ok'",
         "SELECT * FROM v_run WHERE batch IN (SELECT max(id) FROM batch GROUP BY scenario) "
         "ORDER BY run"},
    View{"summary", "mean and 95 % interval of each metric at each point, newest batches",
         "scenario, params, kind, name, entity, unit, n, planned, mean, low, high",
         "SELECT params, mean, low, high FROM v_summary WHERE name = 'makespan'",
         "SELECT * FROM v_summary WHERE batch IN (SELECT max(id) FROM batch GROUP BY scenario) "
         "ORDER BY batch, point, kind, name, entity"},
    View{"speedup",
         "how many times faster than at the smallest value of an axis that leaves the work the "
         "same, newest batches",
         "scenario, axis, value, base_value, others, n, makespan_ns, speedup, low, high",
         "SELECT value, others, speedup FROM v_speedup WHERE axis = 'workers'",
         "SELECT * FROM v_speedup WHERE batch IN (SELECT max(id) FROM batch GROUP BY scenario)"},
    View{"errors", "predicted beside measured, newest batches",
         "scenario, params, name, predicted, measured, error, error_raw, error_null, covered",
         "SELECT params, error FROM v_error WHERE name = 'makespan' ORDER BY abs(error) DESC",
         "SELECT * FROM v_error WHERE batch IN (SELECT max(id) FROM batch GROUP BY scenario) "
         "ORDER BY batch, point, name, entity"},
    View{"batches", "one row a command that filled this file",
         "batch, scenario, command, version, host, points, runs, failed, started_utc",
         "SELECT command, started_utc FROM batch",
         "SELECT batch.id AS batch, scenario.name AS scenario, command, version, git, "
         "host.name AS host, (SELECT count(*) FROM point WHERE batch = batch.id) AS points, "
         "(SELECT count(*) FROM run JOIN point ON point.id = run.point WHERE point.batch = "
         "batch.id) AS runs, (SELECT count(*) FROM run JOIN point ON point.id = run.point WHERE "
         "point.batch = batch.id AND status <> 'ok') AS failed, started_utc, finished_utc "
         "FROM batch JOIN scenario ON scenario.id = batch.scenario "
         "JOIN host ON host.id = batch.host ORDER BY batch.id"},
    View{"v_run", "runs of all batches", "as runs", "SELECT count(*) FROM v_run",
         "SELECT * FROM v_run ORDER BY run"},
    View{"v_summary", "summary of all batches", "as summary",
         "SELECT DISTINCT name, unit FROM v_summary", "SELECT * FROM v_summary"},
    View{"v_speedup", "speedup of all batches", "as speedup",
         "SELECT max(speedup) FROM v_speedup WHERE axis = 'workers'", "SELECT * FROM v_speedup"},
    View{"v_error", "errors of all batches", "as errors",
         "SELECT avg(abs(error)) FROM v_error WHERE name = 'makespan'", "SELECT * FROM v_error"},
    View{"v_point", "points of all batches, each with its parameters as one text",
         "point, batch, scenario, ordinal, params, repeat", "SELECT point, params FROM v_point",
         "SELECT * FROM v_point ORDER BY point"},
    View{"v_speedup_run", "one row a run that v_speedup compares", "as v_speedup, by run",
         "SELECT count(*) FROM v_speedup_run", "SELECT * FROM v_speedup_run"},
    View{"metric", "every metric of every run: run, name, entity, value, unit",
         "run, name, entity, value, unit",
         "SELECT run, value FROM metric WHERE name = 'gil_wait' AND entity = ''",
         "SELECT * FROM metric ORDER BY run, name, entity"},
};

}  // namespace

std::span<const View> views() {
  return all_views;
}

std::string explain_views() {
  std::string text = "Views: timeslice query DB NAME, or any SELECT over them and the tables.\n";
  for (const View& view : all_views) {
    text += fmt::format("\n{:<10} {}\n{:<10} columns: {}\n{:<10} example: {}\n", view.name,
                        view.sentence, "", view.columns, "", view.example);
  }
  return text;
}

}  // namespace timeslice::tools
