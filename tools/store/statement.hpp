// Binding values of our types to a prepared statement. Internal; include in .cpp files only.
#pragma once

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>

#include <SQLiteCpp/SQLiteCpp.h>

namespace timeslice::tools {

inline void put(SQLite::Statement& statement, int index, const std::string& value) {
  statement.bindNoCopy(index, value);  // the caller's string lives until the statement has run
}
inline void put(SQLite::Statement& statement, int index, double value) {
  if (std::isnan(value)) {
    statement.bind(index);  // NULL
  } else {
    statement.bind(index, value);
  }
}
template <typename Integer>
  requires std::is_integral_v<Integer>
void put(SQLite::Statement& statement, int index, Integer value) {
  statement.bind(index, static_cast<std::int64_t>(value));
}
template <typename T>
void put(SQLite::Statement& statement, int index, const std::optional<T>& value) {
  if (value) {
    put(statement, index, *value);
  } else {
    statement.bind(index);
  }
}

/// Binds `values` from ?1 on, ready to step.
template <typename... Values>
void prepare(SQLite::Statement& statement, const Values&... values) {
  statement.tryReset();
  int index = 0;
  (put(statement, ++index, values), ...);
}

/// Runs a statement that gives no rows.
template <typename... Values>
void execute(SQLite::Statement& statement, const Values&... values) {
  prepare(statement, values...);
  statement.exec();
  statement.reset();
}

}  // namespace timeslice::tools
