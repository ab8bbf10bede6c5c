#include "tools/store/store.hpp"

#include <string_view>
#include <utility>

#include <SQLiteCpp/SQLiteCpp.h>

#include "sim/expect.hpp"
#include "tools/store/connection.hpp"
#include "tools/store/migrations.hpp"
#include "tools/store/read_back.hpp"
#include "tools/store/writer.hpp"

namespace timeslice::tools {

struct Store::State {
  std::string path;
  std::unique_ptr<SQLite::Database> database;
  std::map<BatchId, Keep> keep;     // of the batches begun here
  std::map<BatchId, PointIds> ids;  // of the points that a resumed batch had
  std::optional<Writer> writer;

  /// Does `write` in one transaction; nothing of it is kept where it throws.
  template <typename Write>
  std::optional<StoreError> in_transaction(Write&& write) {
    try {
      SQLite::Transaction transaction{*database, SQLite::TransactionBehavior::IMMEDIATE};
      write();
      transaction.commit();
      return std::nullopt;
    } catch (const SQLite::Exception& problem) {
      writer->forget();  // ids given in this transaction are not in the file
      return explain(problem, path);
    }
  }
};

Store::Store(std::unique_ptr<State> state) : state_{std::move(state)} {}
Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&&) noexcept = default;
Store::~Store() = default;

std::variant<Store, StoreError> Store::open(const std::string& path) {
  auto state = std::make_unique<State>();
  state->path = path;
  try {
    state->database = open_to_write(path);
    refuse_foreign(*state->database, path, newest_version());
    state->database->exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;");
    state->database->exec("PRAGMA foreign_keys = ON");
    migrate(*state->database, migrations());
    SQLite::Transaction views{*state->database, SQLite::TransactionBehavior::IMMEDIATE};
    make_views(*state->database);
    views.commit();
    state->writer.emplace(*state->database);
  } catch (const SQLite::Exception& problem) {
    return explain(problem, path);
  } catch (const StoreError& problem) {
    return problem;
  }
  return Store{std::move(state)};
}

std::variant<BatchId, StoreError> Store::begin_batch(const BatchInfo& info) {
  std::int64_t id = 0;
  bool mixed = false;
  const auto problem = state_->in_transaction([&] {
    mixed = info.shard && state_->writer->has_other_batches(info);
    if (mixed) {
      return;
    }
    const auto unfinished =
        info.resume || info.shard ? state_->writer->unfinished_batch(info) : std::nullopt;
    id = unfinished ? *unfinished : state_->writer->add_batch(info);
    if (unfinished) {
      state_->writer->delete_failed_points(id);
    }
  });
  if (problem) {
    return *problem;
  }
  if (mixed) {
    static_cast<void>(pause());  // one plain file again, for readers who may not write beside it
    return StoreError{
        .fault = StoreFault::unusable,
        .error = {.where = state_->path,
                  .what = "holds results of another sweep, part or version of the program",
                  .advice =
                      "give each part of a sweep a database of its own; `timeslice merge` puts "
                      "what this one holds into another"}};
  }
  state_->keep[BatchId{id}] = info.keep;
  return BatchId{id};
}

std::variant<StoredPoints, StoreError> Store::stored_points(BatchId batch) {
  try {
    auto stored = state_->writer->stored_points(static_cast<std::int64_t>(batch));
    if (!stored.empty()) {
      state_->ids[batch] = read_point_ids(*state_->database, static_cast<std::int64_t>(batch));
    }
    return stored;
  } catch (const SQLite::Exception& problem) {
    return explain(problem, state_->path);
  }
}

std::variant<std::vector<StoredRun>, StoreError> Store::stored_runs(BatchId batch,
                                                                    std::uint64_t ordinal) {
  try {
    const PointIds& ids = state_->ids[batch];
    const auto id = ids.find(ordinal);
    return id == ids.end() ? std::vector<StoredRun>{} : read_runs(*state_->database, id->second);
  } catch (const SQLite::Exception& problem) {
    return explain(problem, state_->path);
  }
}

std::variant<std::vector<SummaryMetric>, StoreError> Store::stored_quantiles(
    BatchId batch, std::uint64_t ordinal) {
  try {
    const PointIds& ids = state_->ids[batch];
    const auto id = ids.find(ordinal);
    return id == ids.end() ? std::vector<SummaryMetric>{}
                           : read_quantiles(*state_->database, id->second);
  } catch (const SQLite::Exception& problem) {
    return explain(problem, state_->path);
  }
}

std::optional<StoreError> Store::write_runs(BatchId batch, const scenarios::Point& point,
                                            std::span<const FinishedRun> runs) {
  sim::expect(state_->keep.contains(batch), "a run belongs to a batch that was begun here");
  return state_->in_transaction([&] {
    state_->writer->add_finished(static_cast<std::int64_t>(batch), point, runs,
                                 state_->keep[batch]);
  });
}

std::optional<StoreError> Store::write_point(BatchId batch, const PointOutcome& outcome) {
  sim::expect(state_->keep.contains(batch), "a point belongs to a batch that was begun here");
  return state_->in_transaction([&] {
    state_->writer->add_outcome(static_cast<std::int64_t>(batch), outcome, state_->keep[batch]);
  });
}

std::optional<StoreError> Store::write_measured(BatchId batch, const scenarios::Point& point,
                                                std::span<const models::Timings> runs) {
  sim::expect(state_->keep.contains(batch), "a run belongs to a batch that was begun here");
  return state_->in_transaction([&] {
    const auto id = state_->writer->find_or_add_point(static_cast<std::int64_t>(batch), point);
    state_->writer->add_measured(id, runs, state_->keep[batch]);
  });
}

std::optional<StoreError> Store::write_comparisons(BatchId batch, const scenarios::Point& point,
                                                   std::span<const ComparisonRow> rows) {
  return state_->in_transaction([&] {
    const auto id = state_->writer->find_or_add_point(static_cast<std::int64_t>(batch), point);
    state_->writer->add_comparisons(id, rows);
  });
}

std::optional<StoreError> Store::finish(BatchId batch) {
  auto problem =
      state_->in_transaction([&] { state_->writer->end_batch(static_cast<std::int64_t>(batch)); });
  return problem ? problem : pause();
}

std::optional<StoreError> Store::pause() {
  auto problem = state_->in_transaction([&] {
    add_indices(*state_->database);
    make_views(*state_->database);
  });
  if (problem) {
    return problem;
  }
  try {
    // Fails while somebody else has the file open; then the last one to close it folds the WAL.
    state_->writer->release_statements();
    state_->database->setBusyTimeout(0);
    (void)state_->database->tryExec("PRAGMA wal_checkpoint(TRUNCATE)");
    (void)state_->database->tryExec("PRAGMA journal_mode = DELETE");
    state_->database->setBusyTimeout(busy_timeout_ms);
    state_->writer.emplace(*state_->database);
  } catch (const SQLite::Exception& error) {
    return explain(error, state_->path);
  }
  return std::nullopt;
}

}  // namespace timeslice::tools
