#include "tools/store/timeline.hpp"

#include <cstdint>

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/core.h>

#include "tools/store/connection.hpp"
#include "tools/store/find_run.hpp"
#include "tools/store/names.hpp"
#include "tools/store/statement.hpp"

namespace timeslice::tools {
namespace {

using SQLite::Statement;

sim::Instant instant(const Statement& row, int column) {
  return sim::Instant{sim::Duration{row.getColumn(column).getInt64()}};
}

std::string text(const Statement& row, int column) {
  return row.getColumn(column).getString();
}

models::SliceState state_named(const std::string& name) {
  for (const auto state :
       {models::SliceState::running, models::SliceState::ready, models::SliceState::gil_wait}) {
    if (name == state_name(state)) {
      return state;
    }
  }
  return models::SliceState::blocked;
}

void read_slices(SQLite::Database& database, std::int64_t run, models::Timings& timings) {
  Statement row{database,
                "SELECT entity, cpu, start_ns, end_ns, state FROM slice WHERE run = ? "
                "ORDER BY rowid"};
  for (prepare(row, run); row.executeStep();) {
    timings.slices.push_back({.thread = text(row, 0),
                              .cpu = row.getColumn(1).isNull() ? -1 : row.getColumn(1).getInt(),
                              .start = instant(row, 2),
                              .end = instant(row, 3),
                              .state = state_named(text(row, 4))});
  }
}

void read_tasks(SQLite::Database& database, std::int64_t run, models::Timings& timings) {
  Statement row{database,
                "SELECT task, item, executor, worker, submitted_ns, started_ns, finished_ns, "
                "readable_ns FROM task WHERE run = ? ORDER BY rowid"};
  for (prepare(row, run); row.executeStep();) {
    timings.tasks.push_back({.task = text(row, 0),
                             .item = static_cast<std::uint64_t>(row.getColumn(1).getInt64()),
                             .executor = text(row, 2),
                             .worker = text(row, 3),
                             .submitted = instant(row, 4),
                             .started = instant(row, 5),
                             .finished = instant(row, 6),
                             .readable = instant(row, 7)});
  }
}

/// Who woke whom and who held a GIL: files from before version 3 do not know.
void read_causes(SQLite::Database& database, std::int64_t run, models::Timings& timings) {
  if (!database.tableExists("wake") || !database.tableExists("gil_hold")) {
    return;
  }
  Statement wake{database, "SELECT entity, waker, time_ns FROM wake WHERE run = ? ORDER BY rowid"};
  for (prepare(wake, run); wake.executeStep();) {
    timings.wakes.push_back(
        {.thread = text(wake, 0), .waker = text(wake, 1), .at = instant(wake, 2)});
  }
  Statement hold{database,
                 "SELECT process, entity, start_ns, end_ns FROM gil_hold WHERE run = ? "
                 "ORDER BY rowid"};
  for (prepare(hold, run); hold.executeStep();) {
    timings.gil_holds.push_back({.process = text(hold, 0),
                                 .thread = text(hold, 1),
                                 .start = instant(hold, 2),
                                 .end = instant(hold, 3)});
  }
}

/// Files from before version 5 do not know.
void read_cpu_states(SQLite::Database& database, std::int64_t run, models::Timings& timings) {
  if (!database.tableExists("cpu_state")) {
    return;
  }
  Statement row{database,
                "SELECT cpu, start_ns, end_ns, state FROM cpu_state WHERE run = ? ORDER BY rowid"};
  for (prepare(row, run); row.executeStep();) {
    const std::string state = text(row, 3);
    timings.cpu_states.push_back({.cpu = row.getColumn(0).getInt(),
                                  .start = instant(row, 1),
                                  .end = instant(row, 2),
                                  .state = state == state_name(models::CpuState::beside_sibling)
                                               ? models::CpuState::beside_sibling
                                           : state == state_name(models::CpuState::time_shared)
                                               ? models::CpuState::time_shared
                                               : models::CpuState::alone});
  }
}

}  // namespace

std::variant<models::Timings, StoreError> read_timeline(const std::string& path,
                                                        const std::string& run) {
  try {
    const auto database = open_to_read(path);
    const std::int64_t id = find_run(*database, path, run);
    models::Timings timings;
    read_slices(*database, id, timings);
    read_tasks(*database, id, timings);
    read_causes(*database, id, timings);
    read_cpu_states(*database, id, timings);
    if (timings.slices.empty() && timings.tasks.empty()) {
      return bad_query(fmt::format("no timeline of run {} is stored in {}", id, path),
                       "run with --keep tasks,timeline, or write one run with --trace F.pftrace");
    }
    return timings;
  } catch (const SQLite::Exception& problem) {
    return explain(problem, path);
  } catch (const StoreError& problem) {
    return problem;
  }
}

}  // namespace timeslice::tools
