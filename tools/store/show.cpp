#include "tools/store/show.hpp"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <optional>

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/core.h>

#include "scenarios/format/printable.hpp"
#include "tools/report/query_table.hpp"
#include "tools/store/connection.hpp"
#include "tools/store/find_run.hpp"
#include "tools/store/statement.hpp"

namespace timeslice::tools {
namespace {

/// A query's rows as a table, indented by its title; nothing where there are none.
std::string section(SQLite::Database& database, const char* title, const char* sql,
                    std::int64_t run) {
  SQLite::Statement query{database, sql};
  prepare(query, run);
  QueryTable table;
  for (int i = 0; i < query.getColumnCount(); ++i) {
    table.columns.emplace_back(query.getColumnName(i));
  }
  while (query.executeStep()) {
    auto& row = table.rows.emplace_back();
    for (int i = 0; i < query.getColumnCount(); ++i) {
      const SQLite::Column column = query.getColumn(i);
      if (column.isNull()) {
        row.emplace_back(std::monostate{});
      } else if (column.isFloat()) {
        row.emplace_back(column.getDouble());
      } else {
        row.emplace_back(column.getString());
      }
    }
  }
  return table.rows.empty() ? "" : fmt::format("\n{}\n{}", title, to_table(table));
}

/// "name  value" lines of the one row that `sql` selects, empty values left out.
std::string facts(SQLite::Database& database, const char* sql, std::int64_t run) {
  SQLite::Statement query{database, sql};
  prepare(query, run);
  std::string text;
  if (!query.executeStep()) {
    return text;
  }
  for (int i = 0; i < query.getColumnCount(); ++i) {
    const std::string value = query.getColumn(i).getString();
    if (!value.empty()) {
      text += fmt::format("{:<12} {}\n", query.getColumnName(i), scenarios::safe_text(value));
    }
  }
  return text;
}

std::string describe(SQLite::Database& database, std::int64_t run) {
  return facts(database,
               "SELECT run.id AS run, scenario.name AS scenario, about, kind, rep AS repetition, "
               "printf('%u', seed) AS seed, status, error, digest, events, wall_ns, key, ordinal, "
               "batch.id AS batch, command, version, git, batch.model, host.name AS host, kernel, "
               "cpu_model, cpus, python, started_utc AS started, finished_utc AS finished "
               "FROM run JOIN point ON point.id = run.point JOIN batch ON batch.id = point.batch "
               "JOIN scenario ON scenario.id = batch.scenario JOIN host ON host.id = batch.host "
               "WHERE run.id = ?",
               run) +
         section(database, "Parameters",
                 "SELECT name, value FROM param WHERE point = (SELECT point FROM run WHERE id = ?) "
                 "AND NOT (name = 'variant' AND value = '') ORDER BY name",
                 run) +
         section(database, "Metrics",
                 "SELECT name, entity, value, unit FROM metric WHERE run = ? ORDER BY name, entity",
                 run) +
         section(database, "Predicted and measured",
                 "SELECT name, entity, predicted, measured, error, error_raw, error_null, unit "
                 "FROM v_error WHERE point = (SELECT point FROM run WHERE id = ?) "
                 "ORDER BY name, entity",
                 run) +
         section(database, "Warnings",
                 "SELECT text FROM point_warning JOIN warning ON warning.id = warning "
                 "WHERE point = (SELECT point FROM run WHERE id = ?) ORDER BY text",
                 run);
}

}  // namespace

std::variant<std::string, StoreError> show_run(const std::string& path, const std::string& run) {
  try {
    const auto database = open_to_read(path);
    return describe(*database, find_run(*database, path, run));
  } catch (const SQLite::Exception& problem) {
    return explain(problem, path);
  } catch (const StoreError& problem) {
    return problem;
  }
}

}  // namespace timeslice::tools
