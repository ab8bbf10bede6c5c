#include "tools/store/sweep_status.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

#include "tools/store/connection.hpp"
#include "tools/store/file_lock.hpp"
#include "tools/store/migrations.hpp"

namespace timeslice::tools {
namespace {

constexpr const char* newest_batches = R"(
  SELECT b.id, s.name, coalesce(b.sweep, ''), b.shard, b.shards, coalesce(b.points, 0),
         b.finished_utc NOT NULL
  FROM batch AS b JOIN scenario AS s ON s.id = b.scenario
  WHERE b.id IN (SELECT max(id) FROM batch GROUP BY scenario, sweep, shard, shards)
  ORDER BY b.id
)";

constexpr const char* count_points = R"(
  SELECT coalesce(sum(runs >= repeat OR bad > 0), 0), coalesce(sum(bad > 0), 0),
         coalesce(sum(runs), 0)
  FROM (SELECT coalesce(p.repeat, 1) AS repeat, count(r.id) AS runs,
               coalesce(sum(r.status <> 'ok'), 0) AS bad
        FROM point AS p LEFT JOIN run AS r ON r.point = p.id AND r.kind = 'simulated'
        WHERE p.batch = ? GROUP BY p.id)
)";

std::uint64_t number(const SQLite::Column& column) {
  return static_cast<std::uint64_t>(column.getInt64());
}

std::vector<BatchStatus> read(SQLite::Database& database, const std::string& file) {
  std::vector<BatchStatus> all;
  SQLite::Statement batches{database, newest_batches};
  SQLite::Statement points{database, count_points};
  while (batches.executeStep()) {
    BatchStatus& batch = all.emplace_back();
    batch.file = file;
    batch.scenario = batches.getColumn(1).getString();
    batch.sweep = batches.getColumn(2).getString();
    if (!batches.getColumn(3).isNull() && !batches.getColumn(4).isNull()) {
      batch.shard = {.index = number(batches.getColumn(3)), .count = number(batches.getColumn(4))};
    }
    batch.all_points = number(batches.getColumn(5));
    batch.finished = batches.getColumn(6).getInt() != 0;
    points.reset();
    points.bind(1, batches.getColumn(0).getInt64());
    points.executeStep();
    batch.done = number(points.getColumn(0));
    batch.failed = number(points.getColumn(1));
    batch.runs = number(points.getColumn(2));
    batch.running = FileLock::is_held(file);
  }
  return all;
}

}  // namespace

std::variant<std::vector<BatchStatus>, StoreError> batch_status(const std::string& file) {
  try {
    const auto database = open_to_read(file);
    if (database->execAndGet("PRAGMA user_version").getInt() < newest_version()) {
      return StoreError{
          .fault = StoreFault::unusable,
          .error = {.where = file,
                    .what = "is of an older version, which did not note its plan",
                    .advice = "merge it into a new file: timeslice merge NEW.db " + file}};
    }
    return read(*database, file);
  } catch (const SQLite::Exception& problem) {
    return explain(problem, file);
  } catch (const StoreError& problem) {
    return problem;
  }
}

}  // namespace timeslice::tools
