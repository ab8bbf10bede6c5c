#include "tools/store/migrations.hpp"

#include <array>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/core.h>

#include "tools/report/student_t.hpp"
#include "tools/store/blocks.hpp"
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

/// Points that are known to be unfinished or to have other work, and sweeps that can be told apart.
void upgrade_to_version_2(SQLite::Database& database) {
  // The sweep's points as a digest: what --resume goes by. NULL: of an older version.
  database.exec("ALTER TABLE batch ADD COLUMN sweep TEXT");
  // Repetitions that the point is to have: with fewer runs it is unfinished. NULL: as above.
  database.exec("ALTER TABLE point ADD COLUMN repeat INTEGER");
  // Nominal work of the whole program, whoever does it [ns].
  database.exec("ALTER TABLE point ADD COLUMN cpu_work_ns REAL");
  database.exec("ALTER TABLE point ADD COLUMN wait_work_ns REAL");
}

/// Batches that are one part of a sweep, and how large the whole is: what `status` goes by.
/// Timelines know who woke whom and who held which GIL.
/// With --keep timeline: what psutil would show, sampled. docs/models/psutil.md has the columns.
void upgrade_to_version_3(SQLite::Database& database) {
  // Part `shard` of `shards`, from 0. NULL: all of it.
  database.exec("ALTER TABLE batch ADD COLUMN shard INTEGER");
  database.exec("ALTER TABLE batch ADD COLUMN shards INTEGER");
  // Points of the whole sweep. NULL: of an older version.
  database.exec("ALTER TABLE batch ADD COLUMN points INTEGER");
  database.exec(
      "CREATE TABLE wake (run INTEGER NOT NULL REFERENCES run (id), time_ns INTEGER NOT NULL, "
      "entity TEXT NOT NULL, waker TEXT) STRICT");  // waker NULL: a timer, a device
  database.exec(
      "CREATE TABLE gil_hold (run INTEGER NOT NULL REFERENCES run (id), process TEXT NOT NULL, "
      "entity TEXT NOT NULL, start_ns INTEGER NOT NULL, end_ns INTEGER NOT NULL) STRICT");
  database.exec(
      "CREATE TABLE resource ("
      "run INTEGER NOT NULL REFERENCES run (id), "
      "at_ns INTEGER NOT NULL, "     // end of the period looked at, from main's first step
      "entity TEXT NOT NULL, "       // a process; empty: all of the program; 'cpu N'
      "cpu_percent REAL NOT NULL, "  // since the sample before; 100: one CPU
      "rss INTEGER, "                // bytes; NULL here and below: of a CPU
      "pss INTEGER, "
      "num_threads INTEGER, "
      "ctx_switches_voluntary INTEGER, "  // so far
      "ctx_switches_involuntary INTEGER) STRICT");
}

/// Puts the rows of table sample into blocks.
void pack_samples(SQLite::Database& database) {
  Blocks blocks{database};
  std::vector<std::int64_t> series;
  std::vector<double> values;
  std::int64_t run = 0;
  SQLite::Statement find{database, "SELECT run, series, value FROM sample ORDER BY run, series"};
  while (find.executeStep()) {
    if (const std::int64_t owner = find.getColumn(0).getInt64(); owner != run) {
      blocks.write(run, series, values);
      series.clear();
      values.clear();
      run = owner;
    }
    const SQLite::Column value = find.getColumn(2);
    series.push_back(find.getColumn(1).getInt64());
    values.push_back(value.isNull() ? std::nan("") : value.getDouble());
  }
  blocks.write(run, series, values);
}

/// Values of a run stand side by side: a third of the bytes of a row a value. `sample` is a view.
void upgrade_to_version_4(SQLite::Database& database) {
  // Which series stands at which place of a block, from 0.
  database.exec(
      "CREATE TABLE layout (layout INTEGER NOT NULL, "
      "series INTEGER NOT NULL REFERENCES series (id), place INTEGER NOT NULL, "
      "PRIMARY KEY (layout, series)) STRICT, WITHOUT ROWID");
  // NULL: not a number, or no such place in the layout.
  database.exec(
      "CREATE TABLE block (run INTEGER NOT NULL REFERENCES run (id), layout INTEGER NOT NULL, "
      "v0 REAL, v1 REAL, v2 REAL, v3 REAL, "
      "v4 REAL, v5 REAL, v6 REAL, v7 REAL, "
      "v8 REAL, v9 REAL, v10 REAL, v11 REAL, "
      "v12 REAL, v13 REAL, v14 REAL, v15 REAL, "
      "PRIMARY KEY (run, layout)) STRICT, WITHOUT ROWID");
  pack_samples(database);
  database.exec("DROP TABLE sample");
}

/// Timelines know how each CPU was busy: alone on its core, beside a busy sibling, time-shared.
void upgrade_to_version_5(SQLite::Database& database) {
  database.exec(
      "CREATE TABLE cpu_state (run INTEGER NOT NULL REFERENCES run (id), cpu INTEGER NOT NULL, "
      "start_ns INTEGER NOT NULL, end_ns INTEGER NOT NULL, state TEXT NOT NULL "
      "CHECK (state IN ('parallel', 'smt', 'timeshared'))) STRICT");
}

constexpr std::array all_migrations{
    Migration{1, create_version_1}, Migration{2, upgrade_to_version_2},
    Migration{3, upgrade_to_version_3}, Migration{4, upgrade_to_version_4},
    Migration{5, upgrade_to_version_5}};

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
