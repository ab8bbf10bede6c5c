#include "tools/store/query.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/core.h>
#include <sqlite3.h>

#include "tools/store/connection.hpp"
#include "tools/store/views.hpp"

namespace timeslice::tools {
namespace {

constexpr int steps_between_looks = 2'000;  // of SQLite's machine: well below a millisecond

/// What ends a query before its last row.
struct Patience {
  std::chrono::steady_clock::time_point end;
  const std::function<bool()>& give_up;
  bool given_up = false;
};

bool is_reading(int action, const char* function) {
  switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_RECURSIVE:
      return true;
    case SQLITE_FUNCTION:
      // This one loads code into the process.
      return function == nullptr || std::string_view{function} != "load_extension";
    default:
      return false;
  }
}

/// SQLite asks this for everything that a statement would do; `denied` remembers a refusal,
/// because SQLite reports some of them only as a failure.
// The signature is SQLite's. NOLINTNEXTLINE(readability-function-size)
int allow_reading(void* denied, int action, const char* /*first*/, const char* second,
                  const char* /*database*/, const char* /*trigger*/) {
  if (is_reading(action, second)) {
    return SQLITE_OK;
  }
  *static_cast<bool*>(denied) = true;
  return SQLITE_DENY;
}

/// Called every few thousand steps of a query; not 0 stops it.
int stop_if_late(void* given) {
  auto* patience = static_cast<Patience*>(given);
  patience->given_up = patience->give_up && patience->give_up();
  return patience->given_up || std::chrono::steady_clock::now() > patience->end ? 1 : 0;
}

/// Memory that one query may take: `zeroblob(1e9)` or a huge sort ends in an error, not in swap.
constexpr int value_bytes_max = 64 * 1024 * 1024;

std::string sql_of(const std::string& text) {
  const auto all = views();
  const auto view = std::ranges::find(all, std::string_view{text}, &View::name);
  return view == all.end() ? text : std::string{view->sql};
}

/// A word that could have been meant as a view.
bool is_one_word(std::string_view text) {
  return text.find_first_of(" \t\r\n;()*") == std::string_view::npos;
}

Cell cell_of(const SQLite::Column& column) {
  switch (column.getType()) {
    case SQLITE_INTEGER:
      return column.getInt64();
    case SQLITE_FLOAT:
      return column.getDouble();
    case SQLITE_TEXT:
      return column.getString();
    case SQLITE_BLOB:
      return Blob{static_cast<std::uint64_t>(column.getBytes())};
    default:
      return std::monostate{};
  }
}

/// What comes after the first statement; SQLite itself would silently ignore it.
bool has_second_statement(SQLite::Database& database, const std::string& sql) {
  sqlite3_stmt* first = nullptr;
  sqlite3_stmt* second = nullptr;
  const char* rest = nullptr;
  sqlite3_prepare_v2(database.getHandle(), sql.c_str(), -1, &first, &rest);
  sqlite3_finalize(first);
  const int outcome = sqlite3_prepare_v2(database.getHandle(), rest, -1, &second, nullptr);
  sqlite3_finalize(second);
  return outcome != SQLITE_OK || second != nullptr;
}

QueryTable read_rows(SQLite::Statement& statement, std::uint64_t rows_max) {
  QueryTable table;
  for (int i = 0; i < statement.getColumnCount(); ++i) {
    table.columns.emplace_back(statement.getColumnName(i));
  }
  while (statement.executeStep()) {
    if (table.rows.size() == rows_max) {
      table.cut = true;
      break;
    }
    auto& row = table.rows.emplace_back();
    for (int i = 0; i < statement.getColumnCount(); ++i) {
      row.push_back(cell_of(statement.getColumn(i)));
    }
  }
  return table;
}

StoreError interrupted_query() {
  StoreError problem = bad_query("interrupted before the query was done", "ask again");
  problem.fault = StoreFault::stopped;
  return problem;
}

StoreError explain_query(const SQLite::Exception& problem, const std::string& path,
                         const std::string& text) {
  constexpr int primary = 0xFF;
  switch (problem.getErrorCode() & primary) {
    case SQLITE_INTERRUPT: {
      StoreError late = bad_query("the query took too long and was stopped", "narrow it by WHERE");
      late.fault = StoreFault::too_long;
      return late;
    }
    case SQLITE_ERROR:
    case SQLITE_TOOBIG:
    case SQLITE_MISUSE:
    case SQLITE_SCHEMA:  // a column without a table, before any table was read
      return bad_query(is_one_word(text) && sql_of(text) == text
                           ? fmt::format("there is no view '{}'", text)
                           : fmt::format("SQL: {}", problem.what()),
                       "`timeslice query DB` lists the views with their columns");
    default:
      return explain(problem, path);
  }
}

}  // namespace

std::variant<QueryTable, StoreError> run_query(const std::string& path, const std::string& text,
                                               const QueryOptions& options) {
  bool denied = false;
  Patience patience{.end = std::chrono::steady_clock::now() + options.time_limit,
                    .give_up = options.give_up};
  try {
    const auto database = open_to_read(path);
    sqlite3* handle = database->getHandle();
    sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, value_bytes_max);
    database->exec("PRAGMA temp_store = FILE");
    sqlite3_set_authorizer(handle, allow_reading, &denied);
    sqlite3_progress_handler(handle, steps_between_looks, stop_if_late, &patience);
    const std::string sql = sql_of(text);
    SQLite::Statement statement{*database, sql};
    if (statement.getColumnCount() == 0) {
      return bad_query("there is no SELECT in this query", "name a view or write SELECT ...");
    }
    if (has_second_statement(*database, sql)) {
      return bad_query("there is more than one statement", "ask one at a time");
    }
    return read_rows(statement, options.rows_max);
  } catch (const SQLite::Exception& problem) {
    if (patience.given_up) {
      return interrupted_query();
    }
    return denied ? bad_query("only reading is allowed: one SELECT over this database's tables",
                              "to change a copy of the file, use sqlite3")
                  : explain_query(problem, path, text);
  } catch (const StoreError& problem) {
    return problem;
  }
}

}  // namespace timeslice::tools
