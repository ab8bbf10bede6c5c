// The part of Writer that begins, resumes and ends batches.
#include <array>

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>

#include "tools/store/host_info.hpp"
#include "tools/store/statement.hpp"
#include "tools/store/writer.hpp"

namespace timeslice::tools {
namespace {

/// The id of the row that `find` selects, after `insert` where there is none.
template <typename... Values>
std::int64_t find_or_insert(SQLite::Database& database, const char* insert, const char* find,
                            const Values&... values) {
  SQLite::Statement adding{database, insert};
  execute(adding, values...);
  SQLite::Statement finding{database, find};
  prepare(finding, values...);
  finding.executeStep();
  return finding.getColumn(0).getInt64();
}

std::int64_t host_id(SQLite::Database& database, const HostInfo& host) {
  return find_or_insert(database,
                        "INSERT OR IGNORE INTO host (name, kernel, cpu_model, cpus, memory_bytes, "
                        "python) VALUES (?, ?, ?, ?, ?, ?)",
                        "SELECT id FROM host WHERE name = ? AND kernel = ? AND cpu_model = ? AND "
                        "cpus = ? AND memory_bytes = ? AND python = ?",
                        host.name, host.kernel, host.cpu_model, host.cpus, host.memory_bytes,
                        host.python);
}

std::int64_t scenario_id(SQLite::Database& database, const BatchInfo& info) {
  SQLite::Statement adding{database,
                           "INSERT OR IGNORE INTO scenario (name, about, sha256, yaml, resolved) "
                           "VALUES (?, ?, ?, ?, ?)"};
  execute(adding, info.scenario, info.about, info.sha256, info.yaml, info.resolved_json);
  SQLite::Statement finding{database, "SELECT id FROM scenario WHERE sha256 = ? AND resolved = ?"};
  prepare(finding, info.sha256, info.resolved_json);
  finding.executeStep();
  return finding.getColumn(0).getInt64();
}

std::optional<std::uint64_t> index_of(const std::optional<Shard>& shard) {
  return shard ? std::optional{shard->index} : std::nullopt;
}
std::optional<std::uint64_t> count_of(const std::optional<Shard>& shard) {
  return shard ? std::optional{shard->count} : std::nullopt;
}

// Rows that hang on the runs, and on the points, of the batch's points without a complete result.
constexpr const char* failed_points =
    "CREATE TEMP TABLE failed AS SELECT id FROM point WHERE batch = ?1 AND (id NOT IN (SELECT "
    "point FROM run) OR id IN (SELECT point FROM run WHERE status <> 'ok'))";
constexpr std::array of_runs{"block", "task",     "histogram", "slice",
                             "wake",  "gil_hold", "cpu_state", "resource"};
constexpr std::array of_points{"run", "pooled", "point_warning", "comparison", "param"};

}  // namespace

std::int64_t Writer::add_batch(const BatchInfo& info) {
  SQLite::Statement insert{
      database_,
      "INSERT INTO batch (scenario, host, command, version, git, model, sweep, "
      "started_utc, points, shard, shards) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"};
  execute(insert, scenario_id(database_, info), host_id(database_, info.host), info.command,
          info.version, info.git, info.model_version, info.sweep, utc_now(), info.points,
          index_of(info.shard), count_of(info.shard));
  return database_.getLastInsertRowid();
}

std::optional<std::int64_t> Writer::unfinished_batch(const BatchInfo& info) {
  SQLite::Statement find{database_,
                         "SELECT max(id) FROM batch WHERE (finished_utc IS NULL OR ?5 NOT NULL) "
                         "AND sweep = ?1 AND version = ?2 AND git = ?3 AND model = ?4 "
                         "AND shard IS ?5 AND shards IS ?6"};
  prepare(find, info.sweep, info.version, info.git, info.model_version, index_of(info.shard),
          count_of(info.shard));
  find.executeStep();
  const SQLite::Column id = find.getColumn(0);
  return id.isNull() ? std::nullopt : std::optional{id.getInt64()};
}

bool Writer::has_other_batches(const BatchInfo& info) {
  SQLite::Statement find{database_,
                         "SELECT EXISTS (SELECT 1 FROM batch WHERE NOT (sweep IS ?1 AND "
                         "version = ?2 AND git = ?3 AND model = ?4 AND shard IS ?5 AND "
                         "shards IS ?6))"};
  prepare(find, info.sweep, info.version, info.git, info.model_version, index_of(info.shard),
          count_of(info.shard));
  find.executeStep();
  return find.getColumn(0).getInt() != 0;
}

/// A sweep that was killed left no indices; without this one each point deleted, or asked for
/// later, would be looked for in all runs.
void Writer::delete_failed_points(std::int64_t batch) {
  database_.exec("CREATE INDEX IF NOT EXISTS run_of_point ON run (point, rep)");
  SQLite::Statement choose{database_, failed_points};
  execute(choose, batch);
  for (const std::string table : of_runs) {
    database_.exec("DELETE FROM " + table +
                   " WHERE run IN (SELECT id FROM run WHERE point IN (SELECT id FROM failed))");
  }
  for (const std::string table : of_points) {
    database_.exec("DELETE FROM " + table + " WHERE point IN (SELECT id FROM failed)");
  }
  database_.exec("DELETE FROM point WHERE id IN (SELECT id FROM failed)");
  database_.exec("DROP TABLE failed");
}

StoredPoints Writer::stored_points(std::int64_t batch) {
  SQLite::Statement find{database_,
                         "SELECT ordinal, key, rep, point.id, coalesce(repeat, 1) FROM point "
                         "JOIN run ON run.point = point.id WHERE batch = ? AND key <> '' AND "
                         "kind = 'simulated' AND status = 'ok'"};
  prepare(find, batch);
  StoredPoints stored;
  while (find.executeStep()) {
    const auto ordinal = static_cast<std::uint64_t>(find.getColumn(0).getInt64());
    const auto rep = static_cast<std::uint64_t>(find.getColumn(2).getInt64());
    StoredPoint& point = stored[ordinal];
    point.key = find.getColumn(1).getString();
    point.repetitions.insert(rep);
    point.planned = static_cast<std::uint64_t>(find.getColumn(4).getInt64());
    OpenPoint& open = open_[{batch, ordinal}];
    open.id = find.getColumn(3).getInt64();
    open.key = point.key;
    open.repetitions.insert(rep);
  }
  return stored;
}

void Writer::end_batch(std::int64_t batch) {
  SQLite::Statement end{database_, "UPDATE batch SET finished_utc = ? WHERE id = ?"};
  execute(end, utc_now(), batch);
}

void add_indices(SQLite::Database& database) {
  database.exec("CREATE INDEX IF NOT EXISTS point_of_batch ON point (batch, key)");
  database.exec("CREATE INDEX IF NOT EXISTS run_of_point ON run (point, rep)");
  for (const std::string table : {"task", "slice", "wake", "gil_hold", "cpu_state", "resource"}) {
    if (database.execAndGet(fmt::format("SELECT EXISTS (SELECT 1 FROM {})", table)).getInt() != 0) {
      database.exec(fmt::format("CREATE INDEX IF NOT EXISTS {0}_of_run ON {0} (run)", table));
    }
  }
}

}  // namespace timeslice::tools
