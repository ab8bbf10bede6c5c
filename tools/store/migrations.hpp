// How a database gets from any older version to this program's. Internal to tools/store.
//
// Each step is one transaction that changes tables and user_version together, so a file is
// always of exactly one version. Steps are never edited once released, only added.
#pragma once

#include <span>
#include <string>

namespace SQLite {
class Database;
}

namespace timeslice::tools {

struct Migration {
  int to_version;                    // one more than it starts from
  void (*apply)(SQLite::Database&);  // throws SQLite::Exception
};

[[nodiscard]] std::span<const Migration> migrations();
[[nodiscard]] int newest_version();

/// Applies those of `steps` that the file does not have yet. Throws SQLite::Exception; then the
/// file has the version before the step that failed.
void migrate(SQLite::Database& database, std::span<const Migration> steps);

/// Makes the views anew: those of views.sql, and v_run with a column for each parameter that the
/// database has. Inside a transaction of the caller. Cost: one pass over table param.
void make_views(SQLite::Database& database);

}  // namespace timeslice::tools
