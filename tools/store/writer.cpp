#include "tools/store/writer.hpp"

#include <algorithm>
#include <utility>

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/core.h>

#include "models/work/nominal_work.hpp"
#include "tools/store/names.hpp"
#include "tools/store/quantity.hpp"
#include "tools/store/statement.hpp"

namespace timeslice::tools {

struct Writer::Statements {
  explicit Statements(SQLite::Database& db)
      : point{db,
              "INSERT INTO point (batch, ordinal, key, model, repeat, cpu_work_ns, wait_work_ns) "
              "SELECT ?1, ?2, ?3, model, ?4, ?5, ?6 FROM batch WHERE id = ?1"},
        planned{db, "UPDATE point SET repeat = ? WHERE id = ?"},
        param{db, "INSERT INTO param VALUES (?, ?, ?, ?, ?)"},
        run{db,
            "INSERT INTO run (point, kind, rep, seed, status, digest, events, wall_ns, error) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"},
        find_series{db, "SELECT id FROM series WHERE name = ? AND entity = ? AND unit = ?"},
        series{db, "INSERT INTO series (name, entity, unit) VALUES (?, ?, ?)"},
        pooled{db, "INSERT OR REPLACE INTO pooled VALUES (?, ?, ?, ?, ?, ?)"},
        warning{db, "INSERT OR IGNORE INTO warning (text) VALUES (?)"},
        point_warning{db,
                      "INSERT OR IGNORE INTO point_warning "
                      "SELECT ?1, id FROM warning WHERE text = ?2"},
        comparison{db,
                   "INSERT OR REPLACE INTO comparison VALUES "
                   "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"},
        task{db, "INSERT INTO task VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"},
        histogram{db,
                  "INSERT INTO histogram VALUES (?1, 'task_latency', ?2, ?3, ?4, 1) "
                  "ON CONFLICT DO UPDATE SET count = count + 1"},
        slice{db, "INSERT INTO slice VALUES (?, ?, ?, ?, ?, ?)"},
        wake{db, "INSERT INTO wake VALUES (?, ?, ?, ?)"},
        gil_hold{db, "INSERT INTO gil_hold VALUES (?, ?, ?, ?, ?)"},
        cpu_state{db, "INSERT INTO cpu_state VALUES (?, ?, ?, ?, ?)"},
        resource{db, "INSERT INTO resource VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"} {}

  SQLite::Statement point;
  SQLite::Statement planned;
  SQLite::Statement param;
  SQLite::Statement run;
  SQLite::Statement find_series;
  SQLite::Statement series;
  SQLite::Statement pooled;
  SQLite::Statement warning;
  SQLite::Statement point_warning;
  SQLite::Statement comparison;
  SQLite::Statement task;
  SQLite::Statement histogram;
  SQLite::Statement slice;
  SQLite::Statement wake;
  SQLite::Statement gil_hold;
  SQLite::Statement cpu_state;
  SQLite::Statement resource;
};

namespace {

bool same_name(const models::Metric& a, const models::Metric& b) {
  return a.name == b.name && a.entity == b.entity && a.unit == b.unit;
}

}  // namespace

Writer::Writer(SQLite::Database& database)
    : database_{database},
      statements_{std::make_unique<Statements>(database)},
      blocks_{std::make_unique<Blocks>(database)} {}
Writer::~Writer() = default;

void Writer::forget() {
  series_.clear();
  columns_ = {};
  blocks_->forget();
  open_.clear();
}

void Writer::release_statements() {
  statements_.reset();
  blocks_.reset();
}

std::int64_t Writer::add_point(std::int64_t batch, const scenarios::Point& point) {
  const models::NominalWork work = models::nominal_work(point.scenario.world);
  execute(statements_->point, batch, point.ordinal, point.key, point.scenario.repeat.most,
          work.cpu_ns, work.wait_ns);
  const std::int64_t id = database_.getLastInsertRowid();
  for (const scenarios::Param& param : point.params) {
    const auto quantity = parse_quantity(param.value);
    const std::optional<double> number = quantity ? std::optional{quantity->number} : std::nullopt;
    const std::string unit{quantity ? quantity->unit : ""};
    execute(statements_->param, id, param.name, param.value, number, unit);
  }
  return id;
}

std::int64_t Writer::find_or_add_point(std::int64_t batch, const scenarios::Point& point) {
  SQLite::Statement find{database_,
                         "SELECT id FROM point WHERE batch = ? AND key = ? AND ordinal = ?"};
  prepare(find, batch, point.key, point.ordinal);
  return find.executeStep() ? find.getColumn(0).getInt64() : add_point(batch, point);
}

std::int64_t Writer::series(const std::string& name, const std::string& entity,
                            const std::string& unit) {
  const std::string key = name + '\0' + entity + '\0' + unit;
  if (const auto known = series_.find(key); known != series_.end()) {
    return known->second;
  }
  std::int64_t id = 0;
  prepare(statements_->find_series, name, entity, unit);
  if (statements_->find_series.executeStep()) {
    id = statements_->find_series.getColumn(0).getInt64();
  }
  statements_->find_series.reset();
  if (id == 0) {
    execute(statements_->series, name, entity, unit);
    id = database_.getLastInsertRowid();
  }
  series_.emplace(key, id);
  return id;
}

/// Runs of a point have the same metrics: their names are looked up for the first of them only.
const Writer::Columns& Writer::columns_of(std::span<const models::Metric> metrics, Keep keep) {
  if (keep.threads == columns_.threads &&
      std::ranges::equal(metrics, columns_.metrics, same_name)) {
    return columns_;
  }
  columns_ = {.metrics = {metrics.begin(), metrics.end()}, .threads = keep.threads};
  for (const models::Metric& metric : metrics) {
    if (!keep.threads && is_of_a_thread(metric)) {
      columns_.place.emplace_back();
      continue;
    }
    const std::int64_t id = series(metric.name, metric.entity, metric.unit);
    const auto known = std::ranges::find(columns_.series, id);
    columns_.place.emplace_back(static_cast<std::size_t>(known - columns_.series.begin()));
    if (known == columns_.series.end()) {
      columns_.series.push_back(id);
    }
  }
  return columns_;
}

std::int64_t Writer::add_run(const RunOwner& owner, std::uint64_t rep, const models::Timings& run,
                             std::optional<std::int64_t> wall) {
  const std::optional<std::string> digest =
      owner.kind == "simulated" ? std::optional{fmt::format("{:016x}", run.digest)} : std::nullopt;
  const std::optional<std::string> error =
      run.error.empty() ? std::nullopt : std::optional{run.error};
  execute(statements_->run, owner.point, owner.kind, rep, run.seed,
          std::string{status_name(run.status)}, digest, run.events, wall, error);
  return database_.getLastInsertRowid();
}

void Writer::add_numbered(const RunOwner& owner, const NumberedRun& run, Keep keep) {
  const std::int64_t id = add_run(owner, run.rep, run.timings, run.wall_ns);
  add_samples(id, run.timings, keep);
  if (keep.tasks) {
    add_tasks(id, run.timings);
    add_histograms(id, run.timings);
  }
  if (keep.timeline) {
    add_slices(id, run.timings);
    add_resources(id, run.timings);
  }
}

void Writer::add_measured(std::int64_t point, std::span<const models::Timings> runs, Keep keep) {
  const RunOwner owner{.point = point, .kind = "measured"};
  for (std::size_t rep = 0; rep < runs.size(); ++rep) {
    add_numbered(owner, {.rep = rep, .timings = runs[rep], .wall_ns = std::nullopt}, keep);
  }
}

Writer::OpenPoint& Writer::open_point(std::int64_t batch, const scenarios::Point& point) {
  OpenPoint& open = open_[{batch, point.ordinal}];
  if (open.id == 0 || open.key != point.key) {  // new, or no longer what an interrupted run had
    open = {.id = add_point(batch, point), .key = point.key, .repetitions = {}};
  }
  return open;
}

void Writer::add_finished(std::int64_t batch, const scenarios::Point& point,
                          std::span<const FinishedRun> runs, Keep keep) {
  OpenPoint& open = open_point(batch, point);
  const RunOwner owner{.point = open.id, .kind = "simulated"};
  for (const FinishedRun& run : runs) {
    if (open.repetitions.insert(run.repetition).second) {
      add_numbered(owner, {run.repetition, *run.timings, run.wall_ns}, keep);
    }
  }
}

void Writer::add_samples(std::int64_t run, const models::Timings& timings, Keep keep) {
  const Columns& columns = columns_of(timings.metrics, keep);
  std::vector<double> values(columns.series.size());
  for (std::size_t at = 0; at < timings.metrics.size(); ++at) {
    if (columns.place[at]) {
      values[*columns.place[at]] = timings.metrics[at].value;
    }
  }
  blocks_->write(run, columns.series, values);
}

void Writer::add_tasks(std::int64_t run, const models::Timings& timings) {
  const auto ns = [](sim::Instant time) { return time.time_since_epoch().count(); };
  for (const models::TaskTiming& task : timings.tasks) {
    execute(statements_->task, run, task.task, task.item, task.executor, task.worker,
            ns(task.submitted), ns(task.started), ns(task.finished), ns(task.readable));
  }
}

void Writer::add_histograms(std::int64_t run, const models::Timings& timings) {
  for (const auto& latencies : timings.latencies) {
    for (const std::int64_t latency : latencies.nanoseconds) {
      const Bucket bucket = bucket_of(latency);
      execute(statements_->histogram, run, latencies.task, bucket.low, bucket.high);
    }
  }
}

void Writer::add_slices(std::int64_t run, const models::Timings& timings) {
  for (const models::SliceTiming& slice : timings.slices) {
    const auto cpu = slice.cpu < 0 ? std::nullopt : std::optional{slice.cpu};
    execute(statements_->slice, run, slice.thread, cpu, slice.start.time_since_epoch().count(),
            slice.end.time_since_epoch().count(), std::string{state_name(slice.state)});
  }
  for (const models::WakeTiming& wake : timings.wakes) {
    const auto waker = wake.waker.empty() ? std::nullopt : std::optional{wake.waker};
    execute(statements_->wake, run, wake.at.time_since_epoch().count(), wake.thread, waker);
  }
  for (const models::GilHoldTiming& hold : timings.gil_holds) {
    execute(statements_->gil_hold, run, hold.process, hold.thread,
            hold.start.time_since_epoch().count(), hold.end.time_since_epoch().count());
  }
  for (const models::CpuStateTiming& stretch : timings.cpu_states) {
    execute(statements_->cpu_state, run, stretch.cpu, stretch.start.time_since_epoch().count(),
            stretch.end.time_since_epoch().count(), std::string{state_name(stretch.state)});
  }
}

void Writer::add_resources(std::int64_t run, const models::Timings& timings) {
  for (const models::ProcessSample& sample : timings.process_samples) {
    execute(statements_->resource, run, sample.at.time_since_epoch().count(), sample.process,
            sample.cpu_percent, std::optional{sample.rss}, std::optional{sample.pss},
            std::optional<std::int64_t>{sample.threads},
            std::optional{static_cast<std::int64_t>(sample.voluntary)},
            std::optional{static_cast<std::int64_t>(sample.involuntary)});
  }
  const std::optional<std::int64_t> null;
  for (const models::CpuSample& sample : timings.cpu_samples) {
    execute(statements_->resource, run, sample.at.time_since_epoch().count(),
            "cpu " + std::to_string(sample.cpu), sample.percent, null, null, null, null, null);
  }
}

void Writer::add_pooled(std::int64_t point, std::span<const SummaryMetric> metrics) {
  for (const SummaryMetric& metric : metrics) {
    if (is_pooled(metric)) {
      execute(statements_->pooled, point, series(metric.name, metric.entity, metric.unit),
              metric.mean, metric.low, metric.high, metric.n);
    }
  }
}

void Writer::add_warnings(std::int64_t point, std::span<const std::string> warnings) {
  for (const std::string& text : warnings) {
    execute(statements_->warning, text);
    execute(statements_->point_warning, point, text);
  }
}

void Writer::add_outcome(std::int64_t batch, const PointOutcome& outcome, Keep keep) {
  std::vector<FinishedRun> runs;
  for (std::size_t at = 0; at < outcome.runs.size(); ++at) {
    const std::int64_t wall = at < outcome.wall_ns.size() ? outcome.wall_ns[at] : 0;
    runs.push_back({repetition_of(outcome, at), &outcome.runs[at], wall});
  }
  add_finished(batch, outcome.point, runs, keep);
  const RunOwner owner{.point = open_.at({batch, outcome.point.ordinal}).id, .kind = "simulated"};
  if (!outcome.error.empty()) {
    models::Timings failed;
    failed.status = models::RunStatus::failed;
    failed.error = outcome.error;
    (void)add_run(owner, 0, failed, std::nullopt);
  }
  // Quantiles of some of the runs are not those of the point.
  if (outcome.complete && outcome.runs.size() >= outcome.point.scenario.repeat.most) {
    add_pooled(owner.point, outcome.metrics);
  }
  if (outcome.complete && outcome.point.scenario.repeat.adapts()) {
    execute(statements_->planned, outcome.runs.size(), owner.point);
  }
  add_warnings(owner.point, outcome.warnings);
  if (outcome.complete) {
    open_.erase({batch, outcome.point.ordinal});
  }
}

void Writer::add_comparisons(std::int64_t point, std::span<const ComparisonRow> rows) {
  for (const ComparisonRow& row : rows) {
    execute(statements_->comparison, point, series(row.name, row.entity, row.unit), row.predicted,
            row.predicted_low, row.predicted_high, row.measured, row.measured_cv, row.error,
            row.error_raw, row.error_null, row.covered);
  }
}

}  // namespace timeslice::tools
