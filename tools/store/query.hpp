// Reads a results database: a named view, or SQL of the user's own, both read-only.
//
// The file is opened read-only and an authorizer refuses everything but reading its tables: no
// writes, no ATTACH, no PRAGMA with a value. A query that runs too long, or that the user gives up,
// is stopped.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "tools/store/store_error.hpp"

namespace timeslice::tools {

/// NULL is monostate; a BLOB is shown by its size.
struct Blob {
  std::uint64_t bytes = 0;
};
using Cell = std::variant<std::monostate, std::int64_t, double, std::string, Blob>;

struct QueryTable {
  std::vector<std::string> columns;
  std::vector<std::vector<Cell>> rows;
  bool cut = false;  // there were more than `rows_max`
};

struct QueryOptions {
  std::chrono::milliseconds time_limit{60'000};
  std::uint64_t rows_max = 1'000'000;
  std::function<bool()> give_up = {};  // Ctrl-C; asked every few thousand steps
};

/// `text` is the name of a view (tools/store/views.hpp; "speedup" stands for the newest batch's
/// rows of v_speedup) or one SQL statement.
[[nodiscard]] std::variant<QueryTable, StoreError> run_query(const std::string& path,
                                                             const std::string& text,
                                                             const QueryOptions& options = {});

}  // namespace timeslice::tools
