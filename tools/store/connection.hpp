// Opening the file, and what SQLite's errors mean to a user. Internal to tools/store.
#pragma once

#include <memory>
#include <string>

#include "tools/store/store_error.hpp"

namespace SQLite {
class Database;
class Exception;
}  // namespace SQLite

namespace timeslice::tools {

/// "TSLC": how a results database is told from other SQLite files.
constexpr int application_id = 0x54534C43;

/// How long a writer waits for another one before it gives up.
constexpr int busy_timeout_ms = 10'000;

/// Creates a missing file; refuses a path that is or names none (a pipe, a device, a directory,
/// `:memory:`, a URI). Throws SQLite::Exception and StoreError.
[[nodiscard]] std::unique_ptr<SQLite::Database> open_to_write(const std::string& path);

/// Opens an existing results database of this or an older version; refuses all else, a missing
/// one too.
/// Throws SQLite::Exception and StoreError.
[[nodiscard]] std::unique_ptr<SQLite::Database> open_to_read(const std::string& path);

/// Throws StoreError unless the file is empty, or a results database of version <= `newest`.
void refuse_foreign(SQLite::Database& database, const std::string& path, int newest);

[[nodiscard]] StoreError explain(const SQLite::Exception& problem, const std::string& path);

/// The place that messages about the table, view or query are about.
[[nodiscard]] StoreError bad_query(const std::string& what, const std::string& advice);

}  // namespace timeslice::tools
