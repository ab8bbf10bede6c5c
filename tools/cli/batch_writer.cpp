#include "tools/cli/batch_writer.hpp"

#include <algorithm>
#include <map>
#include <utility>
#include <variant>

#include "tools/cli/option_table.hpp"
#include "tools/cli/version.hpp"

namespace timeslice::tools {
namespace {

// As typed, but without --resume, so that a resumed run finds the batch that it goes on with.
std::string command_of(const Arguments& arguments, const std::string& file) {
  std::string text;
  for (const std::string& word : words(arguments.typed)) {
    if (word != "--resume") {
      text += (text.empty() ? "" : " ") + word;
    }
  }
  return arguments.operands.size() > 1 ? text + " [" + file + "]" : text;
}

BatchInfo info_of(const Arguments& arguments, const scenarios::Plan& plan,
                  const std::string& file) {
  const ToolVersion tool = tool_version();
  const auto kept = kept_parts(arguments);
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
      .keep = {.tasks = kept.contains("tasks"), .timeline = kept.contains("timeline")},
      .resume = arguments.has("resume"),
  };
}

// Points of the plan that the batch has with all their repetitions.
std::set<std::uint64_t> finished_ordinals(const std::map<std::string, std::uint64_t>& stored,
                                          const scenarios::Plan& plan) {
  std::set<std::uint64_t> ordinals;
  for (std::uint64_t ordinal = 0; !stored.empty() && ordinal < plan.size(); ++ordinal) {
    const auto resolved = plan.point(ordinal);
    const auto* point = std::get_if<scenarios::Point>(&resolved);
    const auto found = point == nullptr ? stored.end() : stored.find(point->key);
    if (found != stored.end() && found->second >= point->scenario.repeat) {
      ordinals.insert(ordinal);
    }
  }
  return ordinals;
}

}  // namespace

std::optional<std::string> database_of(const Arguments& arguments) {
  if (arguments.has("no-db")) {
    return std::nullopt;
  }
  return arguments.text("db").value_or("timeslice.db");
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
  if (!info.resume) {
    return;
  }
  const auto stored = store.finished_points(batch_);
  if (const auto* problem = std::get_if<StoreError>(&stored)) {
    note_problem(*problem);
    return;
  }
  finished_ = finished_ordinals(std::get<std::map<std::string, std::uint64_t>>(stored), plan);
  if (finished_.empty()) {
    console_.note("nothing to resume: no interrupted run of this command is in " + path_);
  }
}

void BatchWriter::write(const PointOutcome& outcome) {
  if (store_ && !failed()) {
    note_problem(store_->write_point(batch_, outcome));
  }
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
