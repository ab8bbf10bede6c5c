#include "tools/store/migrations.hpp"

#include <array>
#include <string>

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/core.h>

#include "tools/report/student_t.hpp"
#include "tools/store/connection.hpp"
#include "tools/store/schema_text.hpp"

namespace timeslice::tools {
namespace {

/// Degrees of freedom that the views know; one that lies between uses the next lower one, whose
/// interval is wider.
void fill_t_quantiles(SQLite::Database& database) {
  SQLite::Statement insert{database, "INSERT INTO t_quantile VALUES (?, ?)"};
  for (int degrees = 1; degrees <= 1'000'000; degrees += degrees < 200 ? 1 : degrees / 10) {
    insert.bind(1, degrees);
    insert.bind(2, t_quantile_95(static_cast<std::uint64_t>(degrees)));
    insert.exec();
    insert.reset();
  }
}

void create_version_1(SQLite::Database& database) {
  database.exec(std::string{schema_sql()});
  fill_t_quantiles(database);
  database.exec(fmt::format("PRAGMA application_id = {}", application_id));
}

constexpr std::array all_migrations{Migration{1, create_version_1}};

}  // namespace

std::span<const Migration> migrations() {
  return all_migrations;
}

int newest_version() {
  return all_migrations.back().to_version;
}

void migrate(SQLite::Database& database, std::span<const Migration> steps) {
  for (const Migration& step : steps) {
    SQLite::Transaction transaction{database, SQLite::TransactionBehavior::IMMEDIATE};
    // Read inside the transaction: another process may have migrated while we waited.
    const int version = database.execAndGet("PRAGMA user_version").getInt();
    if (version < step.to_version) {
      step.apply(database);
      database.exec(fmt::format("PRAGMA user_version = {}", step.to_version));
      transaction.commit();
    }
  }
}

}  // namespace timeslice::tools
