#include "tools/store/merge.hpp"

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <system_error>
#include <vector>

#include <SQLiteCpp/Backup.h>
#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>

#include "tools/store/blocks.hpp"
#include "tools/store/connection.hpp"
#include "tools/store/migrations.hpp"
#include "tools/store/statement.hpp"
#include "tools/store/writer.hpp"

namespace timeslice::tools {
namespace {

/// An input that can be attached: itself, or a copy of an older file with today's tables.
class Readable {
 public:
  Readable(const std::string& input, const std::string& target) : path_{input} {
    const auto original = open_to_read(input);
    if (original->execAndGet("PRAGMA user_version").getInt() == newest_version()) {
      return;
    }
    path_ = target + ".older";
    copy_ = true;
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
    SQLite::Database copy{path_, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
    SQLite::Backup{copy, *original}.executeStep(-1);
    migrate(copy, migrations());
  }
  Readable(const Readable&) = delete;
  Readable& operator=(const Readable&) = delete;
  ~Readable() {
    if (copy_) {
      std::error_code ignored;
      std::filesystem::remove(path_, ignored);
    }
  }

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
  bool copy_ = false;
};

// Rows that stand for themselves, whatever their number in the file.
constexpr const char* shared_rows = R"(
  INSERT OR IGNORE INTO host (name, kernel, cpu_model, cpus, memory_bytes, python)
    SELECT name, kernel, cpu_model, cpus, memory_bytes, python FROM part.host;
  INSERT OR IGNORE INTO scenario (name, about, sha256, yaml, resolved)
    SELECT name, about, sha256, yaml, resolved FROM part.scenario;
  INSERT OR IGNORE INTO warning (text) SELECT text FROM part.warning ORDER BY id;
  INSERT OR IGNORE INTO series (name, entity, unit)
    SELECT name, entity, unit FROM part.series ORDER BY id;
  CREATE TEMP TABLE series_map AS SELECT a.id AS old, b.id AS new FROM part.series AS a
    JOIN main.series AS b ON b.name = a.name AND b.entity = a.entity AND b.unit = a.unit;
  CREATE UNIQUE INDEX temp.series_old ON series_map (old);
  CREATE TEMP TABLE layout_map (old INTEGER PRIMARY KEY, new INTEGER NOT NULL);
  CREATE TEMP TABLE batch_map (old INTEGER PRIMARY KEY, new INTEGER NOT NULL);
)";

// The batch of the target that a batch of the input belongs to. Simulated sweeps are the same where
// their points, program and models are; what was measured only where it is the same measurement.
constexpr const char* find_batch = R"(
  SELECT max(b.id) FROM part.batch AS a
  JOIN part.scenario AS sa ON sa.id = a.scenario
  JOIN part.host AS ha ON ha.id = a.host
  JOIN main.batch AS b ON b.sweep IS a.sweep AND b.version = a.version AND b.git = a.git
    AND b.model = a.model
  JOIN main.scenario AS sb ON sb.id = b.scenario AND sb.sha256 = sa.sha256
    AND sb.resolved = sa.resolved
  JOIN main.host AS hb ON hb.id = b.host
  WHERE a.id = ?1
    AND ((a.sweep NOT NULL
          AND NOT EXISTS (SELECT 1 FROM part.point AS p JOIN part.run AS r ON r.point = p.id
                          WHERE p.batch = a.id AND r.kind <> 'simulated')
          AND NOT EXISTS (SELECT 1 FROM main.point AS p JOIN main.run AS r ON r.point = p.id
                          WHERE p.batch = b.id AND r.kind <> 'simulated'))
         OR (a.started_utc = b.started_utc AND a.command = b.command AND ha.name = hb.name
             AND ha.kernel = hb.kernel))
)";

constexpr const char* add_batch = R"(
  INSERT INTO main.batch (scenario, host, command, version, git, model, sweep, started_utc, points,
                          shard, shards)
  SELECT (SELECT id FROM main.scenario AS s WHERE s.sha256 = sa.sha256
          AND s.resolved = sa.resolved),
         (SELECT id FROM main.host AS h WHERE h.name = ha.name AND h.kernel = ha.kernel
          AND h.cpu_model = ha.cpu_model AND h.cpus = ha.cpus
          AND h.memory_bytes = ha.memory_bytes AND h.python = ha.python),
         a.command, a.version, a.git, a.model, a.sweep, a.started_utc, a.points, a.shard, a.shards
  FROM part.batch AS a JOIN part.scenario AS sa ON sa.id = a.scenario
  JOIN part.host AS ha ON ha.id = a.host WHERE a.id = ?1
)";

constexpr const char* first_conflict = R"(
  SELECT p.key, r.rep, r.digest, s.digest
  FROM part.run AS r JOIN part.point AS p ON p.id = r.point
  JOIN main.point AS q ON q.key = p.key AND q.model = p.model
  JOIN main.run AS s ON s.point = q.id AND s.rep = r.rep AND s.kind = 'simulated'
  WHERE r.kind = 'simulated' AND p.key <> '' AND r.status = 'ok' AND s.status = 'ok'
    AND s.digest <> r.digest LIMIT 1
)";

constexpr const char* points = R"(
  INSERT INTO main.point (batch, ordinal, key, model, repeat, cpu_work_ns, wait_work_ns)
    SELECT m.new, p.ordinal, p.key, p.model, p.repeat, p.cpu_work_ns, p.wait_work_ns
    FROM part.point AS p JOIN batch_map AS m ON m.old = p.batch
    WHERE NOT EXISTS (SELECT 1 FROM main.point AS q WHERE q.batch = m.new AND q.key = p.key
                      AND q.ordinal = p.ordinal)
    ORDER BY p.id;
  CREATE TEMP TABLE point_map (old INTEGER PRIMARY KEY, new INTEGER NOT NULL);
  INSERT OR IGNORE INTO point_map SELECT p.id, q.id FROM part.point AS p
    JOIN batch_map AS m ON m.old = p.batch
    JOIN main.point AS q ON q.batch = m.new AND q.key = p.key AND q.ordinal = p.ordinal;
  UPDATE main.point SET repeat = min(main.point.repeat, p.repeat)
    FROM part.point AS p JOIN point_map AS m ON m.old = p.id WHERE main.point.id = m.new;
  INSERT OR IGNORE INTO main.param
    SELECT m.new, p.name, p.value, p.number, p.unit
    FROM part.param AS p JOIN point_map AS m ON m.old = p.point;
)";

// Of a repetition that failed in one file and ended well in the other, the good one stays.
constexpr const char* runs = R"(
  CREATE TEMP TABLE worse AS SELECT s.id FROM part.run AS r JOIN point_map AS m ON m.old = r.point
    JOIN main.run AS s ON s.point = m.new AND s.kind = r.kind AND s.rep = r.rep
    WHERE s.status <> 'ok' AND r.status = 'ok';
  DELETE FROM main.block WHERE run IN (SELECT id FROM worse);
  DELETE FROM main.task WHERE run IN (SELECT id FROM worse);
  DELETE FROM main.histogram WHERE run IN (SELECT id FROM worse);
  DELETE FROM main.slice WHERE run IN (SELECT id FROM worse);
  DELETE FROM main.resource WHERE run IN (SELECT id FROM worse);
  DELETE FROM main.wake WHERE run IN (SELECT id FROM worse);
  DELETE FROM main.gil_hold WHERE run IN (SELECT id FROM worse);
  DELETE FROM main.cpu_state WHERE run IN (SELECT id FROM worse);
  DELETE FROM main.run WHERE id IN (SELECT id FROM worse);
  CREATE TEMP TABLE run_map (old INTEGER PRIMARY KEY, new INTEGER NOT NULL, point INTEGER);
  INSERT INTO run_map SELECT r.id, (SELECT coalesce(max(id), 0) FROM main.run)
      + row_number() OVER (ORDER BY r.id), m.new
    FROM part.run AS r JOIN point_map AS m ON m.old = r.point
    WHERE NOT EXISTS (SELECT 1 FROM main.run AS s WHERE s.point = m.new AND s.kind = r.kind
                      AND s.rep = r.rep);
  INSERT INTO main.run (id, point, kind, rep, seed, status, digest, events, wall_ns, error)
    SELECT m.new, m.point, r.kind, r.rep, r.seed, r.status, r.digest, r.events, r.wall_ns, r.error
    FROM part.run AS r JOIN run_map AS m ON m.old = r.id ORDER BY m.new;
)";

constexpr const char* numbers = R"(
  INSERT INTO main.block SELECT m.new, l.new, v0, v1, v2, v3, v4, v5, v6, v7, v8, v9, v10, v11,
      v12, v13, v14, v15
    FROM part.block AS a CROSS JOIN run_map AS m CROSS JOIN layout_map AS l
    WHERE m.old = a.run AND l.old = a.layout;
  INSERT OR IGNORE INTO main.pooled SELECT m.new, s.new, a.value, a.low, a.high, a.n
    FROM part.pooled AS a JOIN point_map AS m ON m.old = a.point
    JOIN series_map AS s ON s.old = a.series;
  INSERT OR IGNORE INTO main.comparison
    SELECT m.new, s.new, a.predicted, a.predicted_low, a.predicted_high, a.measured, a.measured_cv,
           a.error, a.error_raw, a.error_null, a.covered
    FROM part.comparison AS a JOIN point_map AS m ON m.old = a.point
    JOIN series_map AS s ON s.old = a.series;
  INSERT OR IGNORE INTO main.point_warning SELECT m.new, w.id FROM part.point_warning AS a
    JOIN point_map AS m ON m.old = a.point JOIN part.warning AS v ON v.id = a.warning
    JOIN main.warning AS w ON w.text = v.text;
  INSERT INTO main.task SELECT m.new, a.task, a.item, a.executor, a.worker, a.submitted_ns,
      a.started_ns, a.finished_ns, a.readable_ns
    FROM part.task AS a JOIN run_map AS m ON m.old = a.run ORDER BY a.rowid;
  INSERT INTO main.histogram SELECT m.new, a.name, a.entity, a.low_ns, a.high_ns, a.count
    FROM part.histogram AS a JOIN run_map AS m ON m.old = a.run;
  INSERT INTO main.slice SELECT m.new, a.entity, a.cpu, a.start_ns, a.end_ns, a.state
    FROM part.slice AS a JOIN run_map AS m ON m.old = a.run ORDER BY a.rowid;
  INSERT INTO main.wake SELECT m.new, a.time_ns, a.entity, a.waker
    FROM part.wake AS a JOIN run_map AS m ON m.old = a.run ORDER BY a.rowid;
  INSERT INTO main.resource SELECT m.new, a.at_ns, a.entity, a.cpu_percent, a.rss, a.pss,
      a.num_threads, a.ctx_switches_voluntary, a.ctx_switches_involuntary
    FROM part.resource AS a JOIN run_map AS m ON m.old = a.run ORDER BY a.rowid;
  INSERT INTO main.gil_hold SELECT m.new, a.process, a.entity, a.start_ns, a.end_ns
    FROM part.gil_hold AS a JOIN run_map AS m ON m.old = a.run ORDER BY a.rowid;
  INSERT INTO main.cpu_state SELECT m.new, a.cpu, a.start_ns, a.end_ns, a.state
    FROM part.cpu_state AS a JOIN run_map AS m ON m.old = a.run ORDER BY a.rowid;
)";

// A batch made of several parts is the whole sweep, and finished once every point has its runs.
constexpr const char* ends = R"(
  UPDATE main.batch SET shard = NULL, shards = NULL WHERE id IN (
    SELECT m.new FROM batch_map AS m JOIN part.batch AS a ON a.id = m.old
    JOIN main.batch AS b ON b.id = m.new WHERE a.shard IS NOT b.shard OR a.shards IS NOT b.shards);
  UPDATE main.batch SET finished_utc = (
      SELECT max(coalesce(a.finished_utc, ''), coalesce(main.batch.finished_utc, ''))
      FROM part.batch AS a JOIN batch_map AS m ON m.old = a.id
      WHERE m.new = main.batch.id AND a.finished_utc NOT NULL)
  WHERE id IN (SELECT m.new FROM batch_map AS m JOIN part.batch AS a ON a.id = m.old
               WHERE a.finished_utc NOT NULL)
    AND (points IS NULL OR shard NOT NULL OR CASE
      -- First what is cheap: while parts are missing, nobody looks at each point.
      WHEN points > (SELECT count(*) FROM main.point AS p WHERE p.batch = main.batch.id) THEN 0
      ELSE points = (
        SELECT count(*) FROM main.point AS p WHERE p.batch = main.batch.id
        AND (EXISTS (SELECT 1 FROM main.run AS r WHERE r.point = p.id AND r.status <> 'ok')
             OR p.repeat IS NULL
             OR p.repeat <= (SELECT count(*) FROM main.run AS r WHERE r.point = p.id
                             AND r.kind = 'simulated'))) END);
)";

constexpr const char* forget = R"(
  DROP TABLE series_map; DROP TABLE layout_map; DROP TABLE batch_map; DROP TABLE point_map;
  DROP TABLE worse; DROP TABLE run_map;
)";

std::uint64_t count(SQLite::Database& database, const char* table) {
  return static_cast<std::uint64_t>(
      database.execAndGet(std::string{"SELECT count(*) FROM "} + table).getInt64());
}

void map_batches(SQLite::Database& database) {
  SQLite::Statement all{database, "SELECT id FROM part.batch ORDER BY id"};
  SQLite::Statement find{database, find_batch};
  SQLite::Statement add{database, add_batch};
  SQLite::Statement map{database, "INSERT INTO batch_map VALUES (?, ?)"};
  while (all.executeStep()) {
    const std::int64_t old = all.getColumn(0).getInt64();
    prepare(find, old);
    find.executeStep();
    std::optional<std::int64_t> target;
    if (!find.getColumn(0).isNull()) {
      target = find.getColumn(0).getInt64();
    }
    find.reset();
    if (!target) {
      execute(add, old);
      target = database.getLastInsertRowid();
    }
    execute(map, old, *target);
  }
}

void map_layouts(SQLite::Database& database, Blocks& blocks) {
  SQLite::Statement all{database,
                        "SELECT l.layout, m.new FROM part.layout AS l JOIN series_map AS m "
                        "ON m.old = l.series ORDER BY l.layout, l.place"};
  std::map<std::int64_t, std::vector<std::int64_t>> layouts;
  while (all.executeStep()) {
    layouts[all.getColumn(0).getInt64()].push_back(all.getColumn(1).getInt64());
  }
  SQLite::Statement map{database, "INSERT INTO layout_map VALUES (?, ?)"};
  for (const auto& [old, series] : layouts) {
    execute(map, old, blocks.layout_of(series));
  }
}

void refuse_conflict(SQLite::Database& database, const std::string& input) {
  SQLite::Statement find{database, first_conflict};
  if (!find.executeStep()) {
    return;
  }
  throw store_error(
      StoreFault::unusable, input,
      fmt::format("repetition {} of point {} has digest {} here and {} in the target, of "
                  "the same models",
                  find.getColumn(1).getInt64(), find.getColumn(0).getString(),
                  find.getColumn(2).getString(), find.getColumn(3).getString()),
      "one of the two was changed or made by another program: run the point again, or "
      "merge into another file");
}

Merged join(SQLite::Database& database, Blocks& blocks, const std::string& input) {
  SQLite::Transaction transaction{database, SQLite::TransactionBehavior::IMMEDIATE};
  const std::uint64_t points_before = count(database, "main.point");
  add_indices(database);
  database.exec("CREATE INDEX IF NOT EXISTS main.point_of_key ON point (key)");
  refuse_conflict(database, input);
  database.exec(shared_rows);
  map_layouts(database, blocks);
  map_batches(database);
  database.exec(points);
  database.exec(runs);
  const std::uint64_t added = count(database, "run_map");
  database.exec(numbers);
  database.exec(ends);
  Merged merged{.runs = count(database, "part.run"),
                .added = added,
                .points = count(database, "main.point") - points_before};
  database.exec(forget);
  transaction.commit();
  return merged;
}

void attach(SQLite::Database& database, const std::string& path) {
  SQLite::Statement statement{database, "ATTACH ? AS part"};
  execute(statement, path);
}

void refuse_same_file(const std::string& target, const std::string& input) {
  std::error_code ignored;
  if (std::filesystem::equivalent(target, input, ignored)) {
    throw store_error(StoreFault::bad_query, input,
                      "is the file that the others are to be merged into",
                      "name a new file first, then the parts");
  }
}

Merged merge_one(SQLite::Database& database, Blocks& blocks, const std::string& target,
                 const std::string& input) {
  refuse_same_file(target, input);
  const Readable readable{input, target};
  attach(database, readable.path());
  const Merged merged = join(database, blocks, input);
  database.exec("DETACH part");
  return merged;
}

}  // namespace

std::optional<StoreError> merge(
    const std::string& target, std::span<const std::string> inputs,
    const std::function<bool(const std::string& input, const Merged&)>& on_merged) {
  std::string at_fault = target;
  try {
    const auto database = open_to_write(target);
    refuse_foreign(*database, target, newest_version());
    database->exec("PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY");
    migrate(*database, migrations());
    Blocks blocks{*database};
    for (const std::string& input : inputs) {
      at_fault = input;
      const Merged merged = merge_one(*database, blocks, target, input);
      if (!on_merged(input, merged)) {
        break;
      }
    }
    at_fault = target;
    SQLite::Transaction views{*database, SQLite::TransactionBehavior::IMMEDIATE};
    database->exec("DROP INDEX IF EXISTS main.point_of_key");  // of the merge alone
    make_views(*database);
    views.commit();
    return std::nullopt;
  } catch (const SQLite::Exception& problem) {
    return explain(problem, at_fault);
  } catch (const StoreError& problem) {
    return problem;
  }
}

}  // namespace timeslice::tools
