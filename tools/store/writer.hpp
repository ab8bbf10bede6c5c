// The statements that fill the tables. Internal to tools/store: Store wraps each call in a
// transaction and turns exceptions into errors. Everything here may throw SQLite::Exception.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tools/store/blocks.hpp"
#include "tools/store/store.hpp"

namespace SQLite {
class Database;
}

namespace timeslice::tools {

/// Indices for the views; made after the load because they would halve its speed.
void add_indices(SQLite::Database& database);

class Writer {
 public:
  explicit Writer(SQLite::Database& database);
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  ~Writer();

  [[nodiscard]] std::int64_t add_batch(const BatchInfo& info);
  /// The newest that goes on: of a part of a sweep also one that is finished.
  [[nodiscard]] std::optional<std::int64_t> unfinished_batch(const BatchInfo& info);
  /// Whether the file has any batch that is not of this part of this sweep.
  [[nodiscard]] bool has_other_batches(const BatchInfo& info);
  void delete_failed_points(std::int64_t batch);
  [[nodiscard]] StoredPoints stored_points(std::int64_t batch);
  void end_batch(std::int64_t batch);

  void add_outcome(std::int64_t batch, const PointOutcome& outcome, Keep keep);
  void add_finished(std::int64_t batch, const scenarios::Point& point,
                    std::span<const FinishedRun> runs, Keep keep);
  [[nodiscard]] std::int64_t find_or_add_point(std::int64_t batch, const scenarios::Point& point);
  void add_comparisons(std::int64_t point, std::span<const ComparisonRow> rows);

  void add_measured(std::int64_t point, std::span<const models::Timings> runs, Keep keep);

  /// Forgets ids that a rolled back transaction gave out.
  void forget();
  /// Ends all statements; nothing else may be called afterwards.
  void release_statements();

 private:
  struct Statements;
  struct RunOwner {
    std::int64_t point = 0;
    std::string kind;  // simulated, measured
  };
  /// A point that gets its runs in several pieces.
  struct OpenPoint {
    std::int64_t id = 0;
    std::string key;
    std::set<std::uint64_t> repetitions;  // that the file has
  };
  /// Where the metrics of a run are stored. Of two with one name the later one stays.
  struct Columns {
    std::vector<models::Metric> metrics = {};  // their names; values do not matter
    bool threads = true;                       // are stored
    std::vector<std::int64_t> series = {};
    std::vector<std::optional<std::size_t>> place =
        {};  // in `series`, of each metric that is stored
  };
  struct NumberedRun {
    std::uint64_t rep = 0;
    const models::Timings& timings;
    std::optional<std::int64_t> wall_ns;
  };

  [[nodiscard]] OpenPoint& open_point(std::int64_t batch, const scenarios::Point& point);
  void add_numbered(const RunOwner& owner, const NumberedRun& run, Keep keep);
  [[nodiscard]] std::int64_t add_point(std::int64_t batch, const scenarios::Point& point);
  [[nodiscard]] std::int64_t series(const std::string& name, const std::string& entity,
                                    const std::string& unit);
  [[nodiscard]] const Columns& columns_of(std::span<const models::Metric> metrics, Keep keep);
  [[nodiscard]] std::int64_t add_run(const RunOwner& owner, std::uint64_t rep,
                                     const models::Timings& run, std::optional<std::int64_t> wall);
  void add_samples(std::int64_t run, const models::Timings& timings, Keep keep);
  void add_tasks(std::int64_t run, const models::Timings& timings);
  void add_histograms(std::int64_t run, const models::Timings& timings);
  void add_slices(std::int64_t run, const models::Timings& timings);
  void add_resources(std::int64_t run, const models::Timings& timings);
  void add_pooled(std::int64_t point, std::span<const SummaryMetric> metrics);
  void add_warnings(std::int64_t point, std::span<const std::string> warnings);

  SQLite::Database& database_;
  std::unique_ptr<Statements> statements_;
  std::unique_ptr<Blocks> blocks_;
  Columns columns_;                                                   // of the last run
  std::map<std::string, std::int64_t> series_;                        // by name, entity, unit
  std::map<std::pair<std::int64_t, std::uint64_t>, OpenPoint> open_;  // by batch, ordinal
};

}  // namespace timeslice::tools
