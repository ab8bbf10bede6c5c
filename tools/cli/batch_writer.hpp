// The database side of a sweep: opens it, writes each point, ends the batch; says what goes wrong.
//
// Once something failed, the rest is dropped: the sweep asks failed() and stops.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>

#include "scenarios/format/load.hpp"
#include "tools/batch/shard.hpp"
#include "tools/cli/arguments.hpp"
#include "tools/cli/console.hpp"
#include "tools/cli/exit_code.hpp"
#include "tools/store/file_lock.hpp"
#include "tools/store/store.hpp"

namespace timeslice::tools {

/// --shard, if given; Slurm's variables are read from the environment.
[[nodiscard]] sim::Result<std::optional<Shard>> shard_of(const Arguments& arguments);

/// --db F, its setting, or timeslice.db (of a part: shard-0-of-6.db); nothing with --no-db.
[[nodiscard]] std::optional<std::string> database_of(const Arguments& arguments);

/// Options that contradict each other about it; nothing: they do not.
[[nodiscard]] std::optional<sim::Error> database_conflict(const Arguments& arguments);

/// The words of --keep.
[[nodiscard]] std::set<std::string> kept_parts(const Arguments& arguments);

/// Says what is wrong with a database and returns its exit code.
[[nodiscard]] ExitCode report_store_error(const StoreError& problem, Console& console);

class BatchWriter {
 public:
  /// Opens the database that `arguments` ask for, if any, and begins or resumes a batch.
  BatchWriter(const Arguments& arguments, const scenarios::Plan& plan, const std::string& file,
              Console& console);

  void write(const PointOutcome& outcome);
  void write_runs(const scenarios::Point& point, std::span<const FinishedRun> runs);
  void write_measured(const scenarios::Point& point, std::span<const models::Timings> runs);
  void write_comparisons(const scenarios::Point& point, std::span<const ComparisonRow> rows);

  /// Adds what the file has of the point to an outcome that was resumed.
  [[nodiscard]] PointOutcome with_stored(PointOutcome outcome);

  /// Finishes the batch, or leaves it to be resumed.
  void end(bool complete);

  /// Ordinals of points that an interrupted run has already stored (--resume).
  [[nodiscard]] const std::set<std::uint64_t>& finished() const { return finished_; }

  /// Ordinals of points of which it has stored only some repetitions.
  [[nodiscard]] std::vector<std::uint64_t> begun() const;

  /// Whether an interrupted run has stored this repetition.
  [[nodiscard]] bool has_run(std::uint64_t ordinal, std::uint64_t repetition) const;

  [[nodiscard]] bool failed() const { return code_ != ExitCode::done; }
  [[nodiscard]] ExitCode code() const { return code_; }
  [[nodiscard]] const std::string& path() const { return path_; }  // empty: nothing is stored

 private:
  void begin(Store& store, const BatchInfo& info, const scenarios::Plan& plan);
  void note_problem(const std::optional<StoreError>& problem);

  Console& console_;
  std::string path_;
  std::optional<FileLock> lock_;  // of a part of a sweep
  std::optional<Store> store_;
  BatchId batch_{};
  Keep keep_;
  StoredPoints stored_;  // by an interrupted run
  std::set<std::uint64_t> finished_;
  ExitCode code_ = ExitCode::done;
};

}  // namespace timeslice::tools
