#include "tools/cli/batch_writer.hpp"

#include <algorithm>
#include <cstdlib>
#include <string>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "scenarios/format/sha256.hpp"
#include "tools/cli/option_table.hpp"
#include "tools/cli/version.hpp"
#include "tools/report/text_table.hpp"
#include "tools/store/names.hpp"

namespace timeslice::tools {
namespace {

std::string command_of(const Arguments& arguments, const std::string& file) {
  return arguments.operands.size() > 1 ? arguments.typed + " [" + file + "]" : arguments.typed;
}

constexpr std::uint64_t points_looked_at = 10'000;  // of a larger sweep: evenly spread

// What tells sweeps apart: the scenario with all that is laid over it, its points and what is kept.
// Files that it draws in may have changed: each point is compared by its key as well.
std::string sweep_of(const Arguments& arguments, const scenarios::Plan& plan) {
  std::string text = plan.sha256() + plan.resolved_json() + std::to_string(plan.size());
  const std::uint64_t step = std::max<std::uint64_t>(1, plan.size() / points_looked_at);
  for (std::uint64_t ordinal = 0; ordinal < plan.size(); ordinal += step) {
    for (const scenarios::Param& param : plan.params(ordinal)) {
      text += '\0' + param.name + '\0' + param.value;
    }
  }
  for (const std::string& kept : kept_parts(arguments)) {
    text += '\n' + kept;
  }
  text += arguments.text("sample-period").value_or("");
  return scenarios::sha256_hex(text);
}

constexpr std::uint64_t runs_of_a_large_sweep = 1000;

/// Runs that the whole sweep makes for certain; 0: its first point is wrong.
std::uint64_t planned_runs(const scenarios::Plan& plan) {
  const auto first = plan.point(0);
  const auto* point = std::get_if<scenarios::Point>(&first);
  if (point == nullptr) {
    return 0;
  }
  const scenarios::Repeat& repeat = point->scenario.repeat;
  return plan.size() * (repeat.adapts() ? std::min(repeat.least, repeat.most) : repeat.most);
}

// A claim about one thread or CPU needs its figures when the sweep is resumed.
bool claims_name_entities(const scenarios::Plan& plan) {
  return std::ranges::any_of(plan.expectations(), [](const std::string& rule) {
    return rule.find('[') != std::string::npos;
  });
}

Keep keep_of(const Arguments& arguments, const scenarios::Plan& plan) {
  const auto kept = kept_parts(arguments);
  return {.threads = kept.contains("threads") || kept.contains("timeline") ||
                     claims_name_entities(plan) || planned_runs(plan) < runs_of_a_large_sweep,
          .tasks = kept.contains("tasks"),
          .timeline = kept.contains("timeline")};
}

BatchInfo info_of(const Arguments& arguments, const scenarios::Plan& plan,
                  const std::string& file) {
  const ToolVersion tool = tool_version();
  return BatchInfo{
      .command = command_of(arguments, file),
      .version = tool.version,
      .git = tool.git == "unknown" ? "" : tool.git,
      .model_version = tool.model,
      .host = host_info(),
      .scenario = plan.name(),
      .about = plan.about(),
      .yaml = plan.yaml(),
      .sha256 = plan.sha256(),
      .resolved_json = plan.resolved_json(),
      .keep = keep_of(arguments, plan),
      .sweep = sweep_of(arguments, plan),
      .resume = arguments.has("resume"),
      .points = plan.size(),
      .shard = shard_of(arguments).value(),
  };
}

// A point that adapts learns how many repetitions it needs when it has them.
std::uint64_t planned_of(const StoredPoint& stored, const scenarios::Point& point) {
  const scenarios::Repeat& repeat = point.scenario.repeat;
  return repeat.adapts() ? stored.planned : repeat.most;
}

// Leaves the points that are still what they were, and names those that have all repetitions.
std::set<std::uint64_t> finished_ordinals(StoredPoints& stored, const scenarios::Plan& plan) {
  std::set<std::uint64_t> finished;
  std::erase_if(stored, [&](const auto& entry) {
    const auto resolved =
        entry.first < plan.size() ? plan.point(entry.first) : scenarios::Diagnostics{};
    const auto* point = std::get_if<scenarios::Point>(&resolved);
    const bool same = point != nullptr && point->key == entry.second.key;
    if (same && entry.second.repetitions.size() >= planned_of(entry.second, *point)) {
      finished.insert(entry.first);
    }
    return !same;
  });
  return finished;
}

// Adds runs that the outcome does not have, and keeps the order of repetitions.
void add_runs(PointOutcome& outcome, std::vector<StoredRun> stored) {
  for (StoredRun& run : stored) {
    const auto after = std::ranges::lower_bound(outcome.repetitions, run.repetition);
    if (after != outcome.repetitions.end() && *after == run.repetition) {
      continue;
    }
    const auto at = after - outcome.repetitions.begin();
    outcome.repetitions.insert(after, run.repetition);
    outcome.runs.insert(outcome.runs.begin() + at, std::move(run.timings));
    outcome.wall_ns.insert(outcome.wall_ns.begin() + at, run.wall_ns);
  }
}

// Quantiles over all latencies take the place of means over runs.
void put_quantiles(std::vector<SummaryMetric>& metrics,
                   const std::vector<SummaryMetric>& quantiles) {
  for (const SummaryMetric& quantile : quantiles) {
    const auto found = std::ranges::find_if(metrics, [&](const SummaryMetric& metric) {
      return metric.name == quantile.name && metric.entity == quantile.entity;
    });
    if (found != metrics.end()) {
      *found = quantile;
    }
  }
}

}  // namespace

sim::Result<std::optional<Shard>> shard_of(const Arguments& arguments) {
  const auto text = arguments.text("shard");
  if (!text) {
    return std::optional<Shard>{};
  }
  const auto environment = [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe)
    return value == nullptr ? std::nullopt : std::optional<std::string>{value};
  };
  auto shard = parse_shard(*text, environment);
  if (!shard) {
    return shard.error();
  }
  return std::optional{shard.value()};
}

std::optional<std::string> database_of(const Arguments& arguments) {
  if (arguments.has("no-db")) {
    return std::nullopt;
  }
  const auto shard = shard_of(arguments);
  const bool part = shard && shard.value();
  return arguments.text("db").value_or(
      part ? fmt::format("shard-{}-of-{}.db", shard.value()->index, shard.value()->count)
           : std::string{"timeslice.db"});
}

std::optional<sim::Error> database_conflict(const Arguments& arguments) {
  const auto given = arguments.options.find("db");
  const bool typed = given != arguments.options.end() && given->second.origin == "--db";
  if (!typed || !arguments.has("no-db")) {
    return std::nullopt;
  }
  return sim::Error{.where = "--db",
                    .what = "and --no-db contradict each other",
                    .advice = "leave one of them out"};
}

std::set<std::string> kept_parts(const Arguments& arguments) {
  std::string text = arguments.text("keep").value_or("");
  std::ranges::replace(text, ',', ' ');
  const auto parts = words(text);
  return {parts.begin(), parts.end()};
}

ExitCode report_store_error(const StoreError& problem, Console& console) {
  console.complain(problem.error);
  return static_cast<ExitCode>(exit_code(problem.fault));
}

BatchWriter::BatchWriter(const Arguments& arguments, const scenarios::Plan& plan,
                         const std::string& file, Console& console)
    : console_{console}, path_{database_of(arguments).value_or("")} {
  if (path_.empty()) {
    return;
  }
  const auto shard = shard_of(arguments);
  if (shard && shard.value()) {
    auto lock = FileLock::take(path_);
    if (const auto* problem = std::get_if<StoreError>(&lock)) {
      note_problem(*problem);
      return;
    }
    lock_.emplace(std::get<FileLock>(std::move(lock)));
  }
  auto opened = Store::open(path_);
  if (const auto* problem = std::get_if<StoreError>(&opened)) {
    note_problem(*problem);
    return;
  }
  begin(store_.emplace(std::get<Store>(std::move(opened))), info_of(arguments, plan, file), plan);
}

void BatchWriter::begin(Store& store, const BatchInfo& info, const scenarios::Plan& plan) {
  const auto batch = store.begin_batch(info);
  if (const auto* problem = std::get_if<StoreError>(&batch)) {
    note_problem(*problem);
    return;
  }
  batch_ = std::get<BatchId>(batch);
  keep_ = info.keep;
  if (!info.keep.threads) {
    console_.note(
        "a large sweep: the figures of each thread, process, core and CPU are not stored; --keep "
        "threads stores them");
  }
  if (!info.resume && !info.shard) {
    return;
  }
  auto stored = store.stored_points(batch_);
  if (const auto* problem = std::get_if<StoreError>(&stored)) {
    note_problem(*problem);
    return;
  }
  stored_ = std::get<StoredPoints>(std::move(stored));
  finished_ = finished_ordinals(stored_, plan);
  if (stored_.empty() && info.resume) {
    console_.note("nothing to resume: no interrupted run of this sweep is in " + safe_text(path_));
  }
}

void BatchWriter::write(const PointOutcome& outcome) {
  if (store_ && !failed()) {
    note_problem(store_->write_point(batch_, outcome));
  }
}

void BatchWriter::write_runs(const scenarios::Point& point, std::span<const FinishedRun> runs) {
  if (store_ && !failed()) {
    note_problem(store_->write_runs(batch_, point, runs));
  }
}

bool BatchWriter::has_run(std::uint64_t ordinal, std::uint64_t repetition) const {
  const auto point = stored_.find(ordinal);
  return point != stored_.end() && point->second.repetitions.contains(repetition);
}

std::vector<std::uint64_t> BatchWriter::begun() const {
  std::vector<std::uint64_t> ordinals;
  for (const auto& [ordinal, stored] : stored_) {
    if (!finished_.contains(ordinal)) {
      ordinals.push_back(ordinal);
    }
  }
  return ordinals;
}

PointOutcome BatchWriter::with_stored(PointOutcome outcome) {
  const std::uint64_t ordinal = outcome.point.ordinal;
  if (!store_ || failed() || !stored_.contains(ordinal)) {
    return outcome;
  }
  auto stored = store_->stored_runs(batch_, ordinal);
  if (const auto* problem = std::get_if<StoreError>(&stored)) {
    note_problem(*problem);
    return outcome;
  }
  PointOutcome all = std::move(outcome);
  if (!keep_.threads) {  // which the stored runs do not have
    for (models::Timings& run : all.runs) {
      std::erase_if(run.metrics, is_of_a_thread);
    }
  }
  add_runs(all, std::get<std::vector<StoredRun>>(std::move(stored)));
  if (finished_.contains(ordinal)) {
    all.point.scenario.repeat.most = all.runs.size();
  }
  all.metrics = summarise(all.runs);
  if (finished_.contains(ordinal)) {
    const auto quantiles = store_->stored_quantiles(batch_, ordinal);
    if (const auto* found = std::get_if<std::vector<SummaryMetric>>(&quantiles)) {
      put_quantiles(all.metrics, *found);
    }
  }
  return all;
}

void BatchWriter::write_measured(const scenarios::Point& point,
                                 std::span<const models::Timings> runs) {
  if (store_ && !failed()) {
    note_problem(store_->write_measured(batch_, point, runs));
  }
}

void BatchWriter::write_comparisons(const scenarios::Point& point,
                                    std::span<const ComparisonRow> rows) {
  if (store_ && !failed()) {
    note_problem(store_->write_comparisons(batch_, point, rows));
  }
}

void BatchWriter::end(bool complete) {
  if (store_ && !failed()) {
    note_problem(complete ? store_->finish(batch_) : store_->pause());
  }
}

void BatchWriter::note_problem(const std::optional<StoreError>& problem) {
  if (problem) {
    code_ = report_store_error(*problem, console_);
  }
}

}  // namespace timeslice::tools
