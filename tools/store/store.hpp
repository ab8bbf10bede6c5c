// The results store: one SQLite file that takes the outcomes of batches. docs/DATABASE.md shows it.
//
// Every write is one BEGIN IMMEDIATE transaction with a busy timeout: one a point, and for points
// that take long one now and then for the runs that have ended. So a killed program loses no more
// than what it was writing, and a second run can resume. While writing the
// file has a WAL beside it; finish() folds it back into one plain file. Not for two threads at
// once. Cost, measured: docs/SCALING.md; memory does not grow with the sweep.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <variant>

#include "models/work/timings.hpp"
#include "scenarios/format/load.hpp"
#include "tools/batch/shard.hpp"
#include "tools/report/summary.hpp"
#include "tools/store/host_info.hpp"
#include "tools/store/store_error.hpp"

namespace timeslice::tools {

/// What is stored beside each run's metrics of the whole program, its tasks, executors and groups.
/// Tasks and timelines cost 60-100 bytes a row.
struct Keep {
  bool threads = true;    // metrics of each thread, process, core and CPU: 5 bytes each
  bool tasks = false;     // table task and histogram: which worker ran which item, when
  bool timeline = false;  // tables slice, wake, gil_hold, cpu_state: who did what when
};

/// Everything about a batch (one command over one scenario file) that its points share.
struct BatchInfo {
  std::string command;  // as typed: "run pool.yaml --repeat 10"
  std::string version;  // of this program
  std::string git;      // commit it was built from, or ""
  int model_version = 1;
  HostInfo host;
  std::string scenario;  // its name
  std::string about;
  std::string yaml;
  std::string sha256;  // of yaml
  std::string resolved_json;
  Keep keep;
  /// What makes it the same sweep, however its command was written: a digest of its points.
  std::string sweep = {};
  /// Go on with the newest unfinished batch of the same sweep, version and models, if there is one:
  /// its failed points are deleted, to be tried again.
  bool resume = false;
  std::uint64_t points = 0;  // of the whole sweep
  /// The file takes this part of the sweep and nothing else; what it has of it is resumed.
  std::optional<Shard> shard = {};
};

enum class BatchId : std::int64_t {};

/// What a batch has of a point: its good simulated runs.
struct StoredPoint {
  std::string key;
  std::set<std::uint64_t> repetitions;
  std::uint64_t planned = 0;  // how many it is to have
};
struct StoredRun {
  std::uint64_t repetition = 0;
  models::Timings timings;
  std::int64_t wall_ns = 0;
};
using StoredPoints = std::map<std::uint64_t, StoredPoint>;  // by ordinal

/// A predicted number beside the measured one; the errors are those of the contract's
/// `validate --json`.
struct ComparisonRow {
  std::string name;
  std::string entity;
  std::string unit;
  double predicted = 0.0;
  std::optional<double> predicted_low = {};
  std::optional<double> predicted_high = {};
  double measured = 0.0;
  std::optional<double> measured_cv = {};
  std::optional<double> error = {};
  std::optional<double> error_raw = {};
  std::optional<double> error_null = {};
  std::optional<bool> covered = {};
};

class Store {
 public:
  /// Opens `path` to write, creates it if it is missing or empty, migrates it if it is older.
  [[nodiscard]] static std::variant<Store, StoreError> open(const std::string& path);

  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;
  ~Store();

  [[nodiscard]] std::variant<BatchId, StoreError> begin_batch(const BatchInfo& info);

  /// Points of `batch` that have runs: what a resumed sweep skips. What is written to them from now
  /// on joins these runs.
  [[nodiscard]] std::variant<StoredPoints, StoreError> stored_points(BatchId batch);

  /// The good simulated runs of a point with their metrics, by repetition; their latencies and
  /// timelines are not stored and not given back.
  [[nodiscard]] std::variant<std::vector<StoredRun>, StoreError> stored_runs(BatchId batch,
                                                                             std::uint64_t ordinal);

  /// Quantiles over all repetitions of a point that is done.
  [[nodiscard]] std::variant<std::vector<SummaryMetric>, StoreError> stored_quantiles(
      BatchId batch, std::uint64_t ordinal);

  /// Runs of a point that goes on; write_point() adds the rest.
  [[nodiscard]] std::optional<StoreError> write_runs(BatchId batch, const scenarios::Point& point,
                                                     std::span<const FinishedRun> runs);

  /// Nothing: it is committed. A point that could not be resolved becomes a failed run. Runs that
  /// write_runs() has stored are left as they are.
  [[nodiscard]] std::optional<StoreError> write_point(BatchId batch, const PointOutcome& outcome);

  /// Native runs of a point; the point is added if `batch` does not have it yet.
  [[nodiscard]] std::optional<StoreError> write_measured(BatchId batch,
                                                         const scenarios::Point& point,
                                                         std::span<const models::Timings> runs);

  [[nodiscard]] std::optional<StoreError> write_comparisons(BatchId batch,
                                                            const scenarios::Point& point,
                                                            std::span<const ComparisonRow> rows);

  /// Ends the batch: its time, indices, views with a column for each parameter; then folds the
  /// WAL back. An interrupted sweep calls pause() instead, which leaves the batch unfinished.
  [[nodiscard]] std::optional<StoreError> finish(BatchId batch);
  [[nodiscard]] std::optional<StoreError> pause();

 private:
  struct State;
  explicit Store(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace timeslice::tools
