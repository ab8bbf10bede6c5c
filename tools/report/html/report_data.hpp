// What an HTML report shows, taken from a results database: the newest batch of each scenario.
//
// Limits keep the page small, and what is left out is said: most_points settings, the metrics of
// whole runs and of tasks, most_slices slices of at most most_timelines runs. Cost: a few queries
// over the newest batches.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "tools/store/store_error.hpp"

namespace timeslice::tools {

constexpr std::size_t most_points = 5'000;
constexpr std::size_t most_timelines = 4;
constexpr std::size_t most_slices = 16'000;
constexpr std::size_t most_errors = 2'000;

struct ReportBatch {
  std::int64_t batch = 0;
  std::string scenario;
  std::string about;
  std::string command;
  std::string version;
  std::string host;
  std::string started;
  bool finished = true;
  std::int64_t points = 0;
  std::int64_t runs = 0;
  std::int64_t failed = 0;
};

/// A mean with its 95 % interval, if it has one.
struct ReportValue {
  double mean = 0.0;
  std::optional<double> low = {};
  std::optional<double> high = {};
};

struct ReportPoint {
  std::size_t batch = 0;  // index into batches
  std::int64_t runs = 0;
  std::optional<double> cpu_work_ns;  // nominal work, whoever does it; nothing: not known
  std::optional<double> wait_work_ns;
  std::map<std::string, std::string> params;   // as written
  std::map<std::string, double> numbers;       // of those that are quantities
  std::map<std::string, ReportValue> metrics;  // by title: makespan, task_latency_p95[fetch]
};

struct ReportMetric {
  std::string name;
  std::string unit;
  bool main = false;  // a column of the table
};

struct ReportError {
  std::string scenario;
  std::string params;
  std::string name;
  std::string entity;
  std::string unit;
  std::vector<std::optional<double>> numbers;  // predicted, low, high, measured, three errors
  std::optional<bool> covered;
};

struct ReportSlice {
  std::size_t thread = 0;
  std::int64_t cpu = -1;
  std::int64_t start_ns = 0;
  std::int64_t end_ns = 0;
  int state = 0;  // running, ready, blocked, gil_wait
};

struct ReportCpuState {
  std::int64_t cpu = 0;
  std::int64_t start_ns = 0;
  std::int64_t end_ns = 0;
  int state = 0;  // parallel, smt, timeshared: as models::CpuState
};

struct ReportTimeline {
  std::string title;
  std::vector<std::string> threads;
  std::vector<ReportSlice> slices;         // by start
  std::vector<ReportCpuState> cpu_states;  // by start
};

struct ReportData {
  std::vector<ReportBatch> batches;
  std::vector<ReportPoint> points;
  std::vector<ReportMetric> metrics;
  std::vector<ReportError> errors;
  std::vector<std::pair<std::string, std::int64_t>> warnings;  // text, settings that it is about
  std::vector<ReportTimeline> timelines;
  std::vector<std::string> left_out;  // sentences about what the limits cut off
};

[[nodiscard]] std::variant<ReportData, StoreError> report_data(const std::string& path,
                                                               std::function<bool()> give_up = {});

}  // namespace timeslice::tools
