#include "tools/report/html/report_data.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <span>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "tools/report/html/ask.hpp"
#include "tools/report/humanize.hpp"

namespace timeslice::tools {
namespace {

constexpr std::string_view newest = "(SELECT max(id) FROM batch GROUP BY scenario)";
constexpr std::array main_metrics{"makespan",   "cpu_utilization", "task_latency_p95",
                                  "throughput", "gil_wait",        "startup",
                                  "ipc_bytes",  "peak_memory",     "deadline_misses"};

/// Scenarios of one name (edited, or on another machine) get the number of their batch.
void tell_apart(std::vector<ReportBatch>& batches) {
  std::map<std::string, int> batches_of;
  for (const ReportBatch& batch : batches) {
    ++batches_of[batch.scenario];
  }
  for (ReportBatch& batch : batches) {
    if (batches_of[batch.scenario] > 1) {
      batch.scenario += fmt::format(" (batch {})", batch.batch);
    }
  }
}

class DataReader {
 public:
  explicit DataReader(Asker& ask) : ask_{ask} {}

  [[nodiscard]] ReportData read() {
    if (!knows("batch", "started_utc")) {
      return {};  // nothing was ever stored
    }
    read_batches();
    read_points();
    read_params();
    read_metrics();
    read_errors();
    read_warnings();
    read_timelines();
    return std::move(data_);
  }

 private:
  /// Whether the file, which may be of an older version, has such a table with such a column.
  [[nodiscard]] bool knows(std::string_view table, std::string_view column) {
    const auto found = ask_.rows(fmt::format(
        "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = '{}' AND sql LIKE '%{}%'",
        table, column));
    return !found.empty();
  }
  void read_batches();
  void read_points();
  void read_params();
  void read_metrics();
  void read_errors();
  void read_warnings();
  void read_timelines();
  void read_cpu_states(std::int64_t run, std::size_t most, ReportTimeline& timeline);
  [[nodiscard]] ReportTimeline read_timeline(std::int64_t run, std::size_t most);

  Asker& ask_;
  ReportData data_;
  std::map<std::int64_t, std::size_t> points_;  // id -> index
};

void DataReader::read_batches() {
  for (const Row& row : ask_.rows(fmt::format(
           "SELECT batch.id, scenario.name, about, command, version, host.name, started_utc, "
           "finished_utc IS NOT NULL, count(DISTINCT point.id), count(run.id), "
           "count(CASE WHEN run.status <> 'ok' THEN 1 END) FROM batch "
           "JOIN scenario ON scenario.id = batch.scenario JOIN host ON host.id = batch.host "
           "LEFT JOIN point ON point.batch = batch.id LEFT JOIN run ON run.point = point.id "
           "WHERE batch.id IN {} GROUP BY batch.id ORDER BY batch.id",
           newest))) {
    data_.batches.push_back({.batch = whole_of(row[0]),
                             .scenario = text_of(row[1]),
                             .about = text_of(row[2]),
                             .command = text_of(row[3]),
                             .version = text_of(row[4]),
                             .host = text_of(row[5]),
                             .started = text_of(row[6]),
                             .finished = whole_of(row[7]) != 0,
                             .points = whole_of(row[8]),
                             .runs = whole_of(row[9]),
                             .failed = whole_of(row[10])});
  }
  tell_apart(data_.batches);
}

void DataReader::read_points() {
  std::map<std::int64_t, std::size_t> batches;
  for (std::size_t index = 0; index < data_.batches.size(); ++index) {
    batches[data_.batches[index].batch] = index;
  }
  const bool has_work = knows("point", "cpu_work_ns");
  for (const Row& row : ask_.rows(
           fmt::format("SELECT point.id, point.batch, count(CASE WHEN status = 'ok' AND kind = "
                       "'simulated' THEN 1 END), {} FROM point LEFT JOIN run "
                       "ON run.point = point.id WHERE point.batch IN {} GROUP BY point.id "
                       "ORDER BY point.batch, ordinal, point.id",
                       has_work ? "cpu_work_ns, wait_work_ns" : "NULL, NULL", newest))) {
    if (data_.points.size() == most_points) {
      data_.left_out.push_back(fmt::format(
          "Only the first {} settings are on this page; `timeslice query` has all.", most_points));
      break;
    }
    points_[whole_of(row[0])] = data_.points.size();
    data_.points.push_back({.batch = batches[whole_of(row[1])],
                            .runs = whole_of(row[2]),
                            .cpu_work_ns = number_of(row[3]),
                            .wait_work_ns = number_of(row[4]),
                            .params = {},
                            .numbers = {},
                            .metrics = {}});
  }
}

/// Parameters that have several values, or that belong to several scenarios.
void DataReader::read_params() {
  for (const Row& row : ask_.rows(
           fmt::format("SELECT point, name, value, number FROM param WHERE point IN "
                       "(SELECT id FROM point WHERE batch IN {}) AND NOT (name = 'variant' AND "
                       "name NOT IN (SELECT name FROM param WHERE value <> '')) "
                       "ORDER BY point, name",
                       newest))) {
    const auto at = points_.find(whole_of(row[0]));
    if (at == points_.end()) {
      continue;
    }
    ReportPoint& point = data_.points[at->second];
    point.params[text_of(row[1])] = text_of(row[2]);
    if (const auto number = number_of(row[3])) {
      point.numbers[text_of(row[1])] = *number;
    }
  }
}

void DataReader::read_metrics() {
  std::map<std::string, std::string> units;  // by title
  for (const Row& row :
       ask_.rows(fmt::format("SELECT point, name, entity, unit, mean, low, high FROM v_summary "
                             "WHERE kind = 'simulated' AND batch IN {} AND (entity = '' OR name IN "
                             "('task_latency_mean', 'task_latency_p95', 'task_latency_p99', "
                             "'throughput', 'startup', 'ipc_bytes', 'deadline_misses'))",
                             newest))) {
    const auto at = points_.find(whole_of(row[0]));
    const auto mean = number_of(row[4]);
    if (at == points_.end() || !mean) {
      continue;
    }
    const std::string entity = text_of(row[2]);
    const std::string title = text_of(row[1]) + (entity.empty() ? "" : "[" + entity + "]");
    units[title] = text_of(row[3]);
    data_.points[at->second].metrics[title] = {
        .mean = *mean, .low = number_of(row[5]), .high = number_of(row[6])};
  }
  for (const auto& [title, unit] : units) {
    const std::string name = title.substr(0, title.find('['));
    const bool main = std::ranges::find(main_metrics, name) != main_metrics.end();
    data_.metrics.push_back({.name = title, .unit = unit, .main = main});
  }
  // The most asked for first: the makespan, then the others as in main_metrics.
  const auto rank = [](const ReportMetric& metric) {
    const std::string name = metric.name.substr(0, metric.name.find('['));
    return std::pair{std::ranges::find(main_metrics, name) - main_metrics.begin(), metric.name};
  };
  std::ranges::sort(data_.metrics, {}, rank);
}

void DataReader::read_errors() {
  for (const Row& row : ask_.rows(fmt::format(
           "SELECT scenario, params, name, entity, unit, predicted, predicted_low, "
           "predicted_high, measured, error, error_raw, error_null, covered FROM v_error "
           "WHERE batch IN {} ORDER BY name <> 'makespan', abs(error) DESC LIMIT {}",
           newest, most_errors))) {
    ReportError error{.scenario = text_of(row[0]),
                      .params = text_of(row[1]),
                      .name = text_of(row[2]),
                      .entity = text_of(row[3]),
                      .unit = text_of(row[4]),
                      .numbers = {},
                      .covered = {}};
    for (std::size_t column = 5; column < 12; ++column) {
      error.numbers.push_back(number_of(row[column]));
    }
    if (const auto covered = number_of(row[12])) {
      error.covered = *covered != 0.0;
    }
    data_.errors.push_back(std::move(error));
  }
}

void DataReader::read_warnings() {
  for (const Row& row : ask_.rows(
           fmt::format("SELECT text, count(*) FROM point_warning JOIN warning ON warning.id = "
                       "warning JOIN point ON point.id = point WHERE batch IN {} GROUP BY text "
                       "ORDER BY count(*) DESC, text",
                       newest))) {
    data_.warnings.emplace_back(text_of(row[0]), whole_of(row[1]));
  }
}

constexpr std::array<std::string_view, 4> state_names{"running", "ready", "blocked", "gil_wait"};
constexpr std::array<std::string_view, 3> cpu_state_names{"parallel", "smt", "timeshared"};

int state_number(std::span<const std::string_view> names, std::string_view name) {
  return static_cast<int>(std::ranges::find(names, name) - names.begin());
}

/// How CPUs were busy. Files of earlier versions do not know.
void DataReader::read_cpu_states(std::int64_t run, std::size_t most, ReportTimeline& timeline) {
  if (ask_.rows("SELECT name FROM sqlite_master WHERE name = 'cpu_state'").empty()) {
    return;
  }
  for (const Row& row : ask_.rows(fmt::format("SELECT cpu, start_ns, end_ns, state FROM cpu_state "
                                              "WHERE run = {} ORDER BY start_ns, cpu LIMIT {}",
                                              run, most + 1))) {
    if (timeline.cpu_states.size() == most) {
      data_.left_out.push_back(fmt::format(
          "Of run {} only the first {} stretches of how CPUs were busy are on this page.", run,
          most));
      break;
    }
    timeline.cpu_states.push_back({.cpu = whole_of(row[0]),
                                   .start_ns = whole_of(row[1]),
                                   .end_ns = whole_of(row[2]),
                                   .state = state_number(cpu_state_names, text_of(row[3]))});
  }
}

ReportTimeline DataReader::read_timeline(std::int64_t run, std::size_t most) {
  ReportTimeline timeline;
  std::map<std::string, std::size_t> threads;
  for (const Row& row :
       ask_.rows(fmt::format("SELECT entity, cpu, start_ns, end_ns, state FROM slice "
                             "WHERE run = {} ORDER BY start_ns, entity LIMIT {}",
                             run, most + 1))) {
    if (timeline.slices.size() == most) {
      data_.left_out.push_back(
          fmt::format("Of run {} only the first {} slices are on this page.", run, most));
      break;
    }
    const auto [at, is_new] = threads.emplace(text_of(row[0]), timeline.threads.size());
    if (is_new) {
      timeline.threads.push_back(text_of(row[0]));
    }
    timeline.slices.push_back({.thread = at->second,
                               .cpu = number_of(row[1]) ? whole_of(row[1]) : -1,
                               .start_ns = whole_of(row[2]),
                               .end_ns = whole_of(row[3]),
                               .state = state_number(state_names, text_of(row[4]))});
  }
  return timeline;
}

void DataReader::read_timelines() {
  // One run a point; `slice` is asked by run, for which it has an index.
  std::vector<Row> runs = ask_.rows(fmt::format(
      "SELECT min(run.id), v_point.scenario, v_point.params FROM run JOIN v_point ON v_point.point "
      "= run.point WHERE v_point.batch IN {} AND EXISTS (SELECT 1 FROM slice WHERE slice.run = "
      "run.id) GROUP BY run.point ORDER BY 1 LIMIT {}",
      newest, most_timelines + 1));
  if (runs.size() > most_timelines) {
    data_.left_out.push_back(
        fmt::format("Timelines of {} runs are on this page; `timeslice plot DB gantt --run N` "
                    "draws the others.",
                    most_timelines));
    runs.pop_back();
  }
  for (const Row& row : runs) {
    const std::int64_t run = whole_of(row[0]);
    ReportTimeline timeline = read_timeline(run, most_slices / runs.size());
    read_cpu_states(run, most_slices / runs.size(), timeline);
    const std::string params = text_of(row[2]);
    timeline.title =
        fmt::format("run {}: {}{}{}", run, text_of(row[1]), params.empty() ? "" : ", ", params);
    data_.timelines.push_back(std::move(timeline));
  }
}

}  // namespace

std::variant<ReportData, StoreError> report_data(const std::string& path,
                                                 std::function<bool()> give_up) {
  Asker ask{path, std::move(give_up)};
  ReportData data = DataReader{ask}.read();
  if (ask.error()) {
    return *ask.error();
  }
  return data;
}

}  // namespace timeslice::tools
