// v_run: one wide row a run. Its columns depend on the parameters that the database holds.
#include <array>
#include <set>
#include <string>
#include <string_view>

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/core.h>

#include "tools/store/migrations.hpp"
#include "tools/store/schema_text.hpp"

namespace timeslice::tools {
namespace {

/// More would make rows that nobody reads; the column `params` has them all.
constexpr int param_columns_max = 100;

struct MetricColumn {
  std::string_view column;
  std::string_view metric;
};
constexpr std::array metric_columns{
    MetricColumn{"makespan_ns", "makespan"},
    MetricColumn{"cpu_time_ns", "cpu_time"},
    MetricColumn{"cpu_utilization", "cpu_utilization"},
    MetricColumn{"switches_voluntary", "switches_voluntary"},
    MetricColumn{"switches_involuntary", "switches_involuntary"},
    MetricColumn{"migrations", "migrations"},
    MetricColumn{"gil_held_ns", "gil_held"},
    MetricColumn{"gil_wait_ns", "gil_wait"},
    MetricColumn{"gil_switches", "gil_switches"},
    MetricColumn{"peak_memory_bytes", "peak_memory"},
    MetricColumn{"tasks_done", "tasks_done"},
};

constexpr std::string_view head =
    "CREATE VIEW v_run AS SELECT run.id AS run, point.batch, scenario.name AS scenario, "
    "point.id AS point, point.ordinal, point.key, run.kind, run.rep, "
    "printf('%u', run.seed) AS seed, run.status, run.digest, run.events, run.wall_ns, run.error";
constexpr std::string_view params_json =
    ", (SELECT json_group_object(name, value) FROM (SELECT name, value FROM param WHERE "
    "param.point = point.id ORDER BY name)) AS params";
constexpr std::string_view tail =
    " FROM run JOIN point ON point.id = run.point JOIN batch ON batch.id = point.batch "
    "JOIN scenario ON scenario.id = batch.scenario";

std::string in_quotes(std::string_view text, char quote) {
  std::string out{quote};
  for (const char c : text) {
    out.append(c == quote ? 2 : 1, c);
  }
  return out + quote;
}

std::string lower(std::string text) {
  for (char& c : text) {
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return text;
}

std::set<std::string> fixed_columns() {
  std::set<std::string> names{"run",    "batch",  "scenario", "point", "ordinal",
                              "key",    "kind",   "rep",      "seed",  "status",
                              "digest", "events", "wall_ns",  "error", "params"};
  for (const MetricColumn& column : metric_columns) {
    names.emplace(column.column);
  }
  return names;
}

/// A number where the parameter is a plain number, so that it sorts as one; else its text.
std::string param_column(const std::string& name, const std::string& column) {
  return fmt::format(
      ", (SELECT CASE WHEN number IS NULL OR unit <> '' THEN value "
      "WHEN number = CAST(number AS INTEGER) THEN CAST(number AS INTEGER) ELSE number END "
      "FROM param WHERE param.point = point.id AND param.name = {}) AS {}",
      in_quotes(name, '\''), in_quotes(column, '"'));
}

std::string param_columns(SQLite::Database& database) {
  std::set<std::string> taken = fixed_columns();
  std::string sql;
  SQLite::Statement names{database, "SELECT DISTINCT name FROM param ORDER BY name LIMIT ?"};
  names.bind(1, param_columns_max);
  while (names.executeStep()) {
    const std::string name = names.getColumn(0).getString();
    std::string column = name;
    while (!taken.insert(lower(column)).second) {
      column.insert(0, "param_");
    }
    sql += param_column(name, column);
  }
  return sql;
}

}  // namespace

void make_views(SQLite::Database& database) {
  database.exec(std::string{views_sql()});
  std::string sql{head};
  for (const MetricColumn& column : metric_columns) {
    sql += fmt::format(
        ", (SELECT value FROM metric WHERE metric.run = run.id AND metric.name = '{}' "
        "AND metric.entity = '') AS {}",
        column.metric, column.column);
  }
  sql += params_json;
  sql += param_columns(database);
  sql += tail;
  database.exec("DROP VIEW IF EXISTS v_run");
  database.exec(sql);
}

}  // namespace timeslice::tools
