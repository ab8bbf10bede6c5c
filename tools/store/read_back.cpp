#include "tools/store/read_back.hpp"

#include <algorithm>
#include <charconv>
#include <string>

#include <SQLiteCpp/SQLiteCpp.h>

#include "tools/store/statement.hpp"

namespace timeslice::tools {
namespace {

std::uint64_t from_hex(const std::string& text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value, 16);
  return value;
}

std::vector<models::Metric> read_metrics(SQLite::Database& database, std::int64_t run) {
  SQLite::Statement find{database,
                         "SELECT name, entity, unit, value FROM metric WHERE run = ? AND value NOT "
                         "NULL ORDER BY name, entity"};
  prepare(find, run);
  std::vector<models::Metric> metrics;
  while (find.executeStep()) {
    metrics.push_back({.name = find.getColumn(0).getString(),
                       .entity = find.getColumn(1).getString(),
                       .unit = find.getColumn(2).getString(),
                       .value = find.getColumn(3).getDouble()});
  }
  return metrics;
}

sim::Duration makespan_of(const models::Timings& timings) {
  const auto found = std::ranges::find(timings.metrics, "makespan", &models::Metric::name);
  return found == timings.metrics.end() ? sim::Duration{}
                                        : sim::Duration{static_cast<std::int64_t>(found->value)};
}

}  // namespace

PointIds read_point_ids(SQLite::Database& database, std::int64_t batch) {
  SQLite::Statement find{database, "SELECT ordinal, id FROM point WHERE batch = ? AND key <> ''"};
  prepare(find, batch);
  PointIds ids;
  while (find.executeStep()) {
    ids[static_cast<std::uint64_t>(find.getColumn(0).getInt64())] = find.getColumn(1).getInt64();
  }
  return ids;
}

std::vector<StoredRun> read_runs(SQLite::Database& database, std::int64_t point) {
  SQLite::Statement find{
      database,
      "SELECT id, rep, seed, coalesce(digest, ''), events, coalesce(wall_ns, 0) FROM run "
      "WHERE point = ? AND kind = 'simulated' AND status = 'ok' ORDER BY rep"};
  prepare(find, point);
  std::vector<StoredRun> runs;
  while (find.executeStep()) {
    StoredRun& run = runs.emplace_back();
    run.repetition = static_cast<std::uint64_t>(find.getColumn(1).getInt64());
    run.timings.seed = static_cast<std::uint64_t>(find.getColumn(2).getInt64());
    run.timings.digest = from_hex(find.getColumn(3).getString());
    run.timings.events = static_cast<std::uint64_t>(find.getColumn(4).getInt64());
    run.wall_ns = find.getColumn(5).getInt64();
    run.timings.metrics = read_metrics(database, find.getColumn(0).getInt64());
    run.timings.makespan = makespan_of(run.timings);
  }
  return runs;
}

std::vector<SummaryMetric> read_quantiles(SQLite::Database& database, std::int64_t point) {
  SQLite::Statement find{database,
                         "SELECT name, entity, unit, value, low, high, n FROM pooled JOIN series "
                         "ON series.id = pooled.series WHERE point = ? ORDER BY name, entity"};
  prepare(find, point);
  const auto optional = [](const SQLite::Column& column) {
    return column.isNull() ? std::nullopt : std::optional{column.getDouble()};
  };
  std::vector<SummaryMetric> metrics;
  while (find.executeStep()) {
    metrics.push_back({.name = find.getColumn(0).getString(),
                       .entity = find.getColumn(1).getString(),
                       .unit = find.getColumn(2).getString(),
                       .mean = find.getColumn(3).getDouble(),
                       .low = optional(find.getColumn(4)),
                       .high = optional(find.getColumn(5)),
                       .n = static_cast<std::uint64_t>(find.getColumn(6).getInt64())});
  }
  return metrics;
}

}  // namespace timeslice::tools
