#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "tools/batch/sweep.hpp"
#include "tools/cli/batch_writer.hpp"
#include "tools/cli/commands.hpp"
#include "tools/cli/deadline.hpp"
#include "tools/cli/input.hpp"
#include "tools/cli/interrupt.hpp"
#include "tools/cli/run_picture.hpp"
#include "tools/cli/version.hpp"
#include "tools/report/humanize.hpp"
#include "tools/report/progress.hpp"
#include "tools/report/run_json.hpp"
#include "tools/report/run_text.hpp"
#include "tools/report/text_table.hpp"

namespace timeslice::tools {
namespace {

std::optional<sim::Error> refused(const Arguments& arguments) {
  const auto no = [](std::string where, std::string what, std::string advice) {
    return sim::Error{
        .where = std::move(where), .what = std::move(what), .advice = std::move(advice)};
  };
  if (const auto shard = shard_of(arguments); !shard) {
    return shard.error();
  }
  if (arguments.has("shard") && arguments.has("no-db")) {
    return no("--shard", "needs a database to keep its part of the sweep",
              "leave --no-db out; `timeslice merge` joins the parts");
  }
  if (arguments.has("shard") && arguments.operands.size() > 1) {
    return no("--shard", "takes a part of one sweep, and several scenarios are given",
              "run one scenario at a time");
  }
  for (const std::string& kept : kept_parts(arguments)) {
    if (kept != "tasks" && kept != "timeline" && kept != "threads") {
      return no("--keep", fmt::format("there is nothing called '{}' to keep", kept),
                "write tasks, timeline, threads or several: tasks,timeline");
    }
  }
  if (arguments.has("sample-period") && !kept_parts(arguments).contains("timeline")) {
    return no("--sample-period", "is of a time line that is not kept", "add --keep timeline");
  }
  if (arguments.has("gantt") && arguments.has("json")) {
    return no("--gantt", "draws text and does not go with --json", "use one of them");
  }
  if (arguments.text("trace") == "-" && (arguments.has("json") || arguments.has("gantt"))) {
    return no("--trace", "- needs stdout for itself", "write the trace to a file");
  }
  for (const char* choice : {"point", "rep"}) {
    if (arguments.has(choice) && !arguments.has("gantt") && !arguments.has("trace")) {
      return no(fmt::format("--{}", choice), "chooses what --gantt or --trace show",
                "add one of them, or leave it out");
    }
  }
  if (auto conflict = database_conflict(arguments)) {
    return conflict;
  }
  if (arguments.has("resume") && arguments.has("no-db")) {
    return no("--resume", "needs the database of the interrupted run", "leave --no-db out");
  }
  return std::nullopt;
}

RunReport empty_report(const scenarios::Plan& plan, const std::optional<Shard>& shard) {
  RunReport report;
  report.tool = tool_version();
  report.name = plan.name();
  report.about = plan.about();
  report.sha256 = plan.sha256();
  report.planned = shard ? shard->points_of(plan.size()) : plan.size();
  report.axes = plan.axes();
  return report;
}

std::string repetitions_text(const scenarios::Repeat& repeat) {
  const std::string most = counted(repeat.most, "repetition", "repetitions");
  return repeat.adapts() ? "up to " + most : most;
}

ExitCode dry_run(const scenarios::Plan& plan, const std::string& file, const Arguments& arguments,
                 Console& console) {
  const auto first = plan.point(0);
  if (const auto* diagnostics = std::get_if<scenarios::Diagnostics>(&first)) {
    show_diagnostics(*diagnostics, console);
    return ExitCode::invalid_input;
  }
  const scenarios::Scenario& scenario = std::get<scenarios::Point>(first).scenario;
  const auto database = database_of(arguments);
  console.print(fmt::format(
      "{}: would simulate {} with {} each on {}, seed {}, and {}\n", safe_text(file),
      counted(plan.size(), "point", "points"), repetitions_text(scenario.repeat),
      safe_text(scenario.world.machine.name), scenario.seed,
      database ? "store them in " + safe_text(*database) : std::string{"store nothing"}));
  return ExitCode::done;
}

// One scenario on its way through `run`.
class ScenarioRun {
 public:
  ScenarioRun(const scenarios::Plan& plan, const Arguments& arguments, Console& console,
              const Deadline& deadline)
      : plan_{plan},
        arguments_{arguments},
        console_{console},
        deadline_{deadline},
        shard_{shard_of(arguments).value()},
        report_{empty_report(plan, shard_)} {}

  [[nodiscard]] ExitCode run(BatchWriter& writer);

 private:
  [[nodiscard]] SweepEnd sweep(BatchWriter& writer);
  void add_done_before(BatchWriter& writer, const ReportNeeds& needs);
  void add_begun_before(BatchWriter& writer, const ReportNeeds& needs);
  [[nodiscard]] bool asks_for_costs() const;
  void answer();
  [[nodiscard]] ExitCode stopped(const BatchWriter& writer);
  [[nodiscard]] ExitCode verdict() const;

  const scenarios::Plan& plan_;
  const Arguments& arguments_;
  Console& console_;
  const Deadline& deadline_;
  const std::optional<Shard> shard_;
  std::uint64_t done_before_ = 0;  // points
  std::uint64_t new_points_ = 0;
  std::uint64_t new_runs_ = 0;
  RunReport report_;
};

// Points that an interrupted run has stored: they belong to the answer and to the claims.
void ScenarioRun::add_done_before(BatchWriter& writer, const ReportNeeds& needs) {
  for (const std::uint64_t ordinal : writer.finished()) {
    auto resolved = plan_.point(ordinal);
    if (auto* point = std::get_if<scenarios::Point>(&resolved)) {
      PointOutcome outcome;
      outcome.warnings = point->scenario.warnings;
      outcome.point = std::move(*point);
      report_.add(writer.with_stored(std::move(outcome)), needs);
      ++done_before_;
    }
  }
}

// Points of which an interrupted run has stored a part, and that this one did not come to.
void ScenarioRun::add_begun_before(BatchWriter& writer, const ReportNeeds& needs) {
  std::set<std::uint64_t> reported;
  for (const PointReport& point : report_.points) {
    reported.insert(point.ordinal);
  }
  for (const std::uint64_t ordinal : writer.begun()) {
    auto resolved = plan_.point(ordinal);
    auto* point = std::get_if<scenarios::Point>(&resolved);
    if (point != nullptr && !reported.contains(ordinal)) {
      PointOutcome outcome;
      outcome.complete = false;
      outcome.warnings = point->scenario.warnings;
      outcome.point = std::move(*point);
      report_.add(writer.with_stored(std::move(outcome)), needs);
    }
  }
}

/// A claim about a cost asks for it as well as the option does.
bool ScenarioRun::asks_for_costs() const {
  return arguments_.has("costs") ||
         std::ranges::any_of(plan_.expectations(), [](const std::string& rule) {
           return rule.find("cost_") != std::string::npos;
         });
}

SweepEnd ScenarioRun::sweep(BatchWriter& writer) {
  Progress progress{plan_.name(), console_.shows_progress()
                                      ? std::function<void(std::string_view)>{[this](auto text) {
                                          console_.tell(text);
                                        }}
                                      : nullptr};
  const auto kept = kept_parts(arguments_);
  SweepOptions options{
      .jobs = static_cast<unsigned>(arguments_.count("jobs").value_or(0)),
      .keep_tasks = kept.contains("tasks"),
      .keep_slices = kept.contains("timeline"),
      .costs = asks_for_costs(),
      .sample_period = arguments_.duration("sample-period").value_or(std::chrono::nanoseconds{0}),
      .give_up = [&] { return interrupted() || deadline_.passed() || writer.failed(); },
      .wanted = {},
      .progress = [&](std::uint64_t done, std::uint64_t total) { progress.update(done, total); },
  };
  if (!writer.path().empty()) {
    options.done_before = [&](std::uint64_t ordinal, std::uint64_t repetition) {
      return writer.has_run(ordinal, repetition);
    };
    options.on_runs = [&](const scenarios::Point& point, std::span<const FinishedRun> runs) {
      writer.write_runs(point, runs);
    };
  }
  if (!writer.finished().empty() || shard_) {
    options.wanted = [&](std::uint64_t ordinal) {
      return (!shard_ || shard_->has(ordinal)) && !writer.finished().contains(ordinal);
    };
  }
  const ReportNeeds needs{.every_metric = arguments_.has("json") || console_.verbose(),
                          .timelines = arguments_.has("json"),
                          .rules = plan_.expectations()};
  add_done_before(writer, needs);
  const SweepEnd end = run_sweep(plan_, options, [&](PointOutcome&& outcome) {
    writer.write(outcome);
    new_points_ += 1;
    new_runs_ += outcome.runs.size();
    report_.add(writer.with_stored(std::move(outcome)), needs);
  });
  if (end != SweepEnd::complete) {
    add_begun_before(writer, needs);
  }
  report_.sort_points();
  return end;
}

void ScenarioRun::answer() {
  if (arguments_.has("json")) {
    console_.print(run_json(report_));
  } else {
    const std::string text =
        run_text(report_, {.colour = console_.colour(), .details = console_.verbose()});
    if (arguments_.text("trace") == "-") {
      console_.tell(text);  // stdout belongs to the trace
    } else {
      console_.print(text);
    }
  }
  console_.tell(failure_lines(report_));
  for (const PointReport& point : report_.points) {
    if (!point.error.empty()) {
      console_.tell(safe_lines(point.error) + '\n');
    }
  }
  console_.warn(warning_lines(report_));
  for (const sim::Error& error : report_.rule_errors) {
    console_.complain(error);
  }
}

ExitCode ScenarioRun::stopped(const BatchWriter& writer) {
  std::uint64_t points = 0;
  std::uint64_t runs = 0;  // of unfinished points
  for (const PointReport& point : report_.points) {
    points += point.complete ? 1U : 0U;
    runs += point.complete ? 0 : point.runs.size();
  }
  const std::string more =
      runs == 0 ? "" : fmt::format(", and {} of others", counted(runs, "run", "runs"));
  const std::string done = fmt::format("{} of {} points are done{}", points, report_.planned, more);
  const std::string kept =
      writer.path().empty()
          ? "nothing is stored; without --no-db a run can be resumed"
          : fmt::format("what is done is in {}; the same sweep with --resume goes on",
                        writer.path());
  if (interrupted()) {
    console_.complain({.where = {}, .what = "interrupted: " + done, .advice = kept});
    return ExitCode::interrupted;
  }
  console_.complain({.where = "--time-limit", .what = "reached: " + done, .advice = kept});
  return ExitCode::program_failed;
}

ExitCode ScenarioRun::verdict() const {
  if (report_.any_error()) {
    return ExitCode::invalid_input;
  }
  if (report_.any_failed()) {
    return ExitCode::program_failed;
  }
  return report_.any_refuted() ? ExitCode::gate_failed : ExitCode::done;
}

ExitCode ScenarioRun::run(BatchWriter& writer) {
  const auto began = std::chrono::steady_clock::now();
  const SweepEnd end = sweep(writer);
  const bool complete = end == SweepEnd::complete;
  report_.judge(plan_.expectations(), complete && !shard_ && !plan_.narrowed());
  writer.end(complete);
  answer();
  if (writer.failed()) {
    return writer.code();
  }
  if (!complete) {
    return stopped(writer);
  }
  const double wall =
      std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - began).count();
  console_.note(
      fmt::format("{} of {} simulated in {}{}{}", counted(new_runs_, "run", "runs"),
                  counted(new_points_, "point", "points"), human_duration(wall),
                  done_before_ == 0 ? "" : fmt::format(", {} were done before", done_before_),
                  writer.path().empty() ? "" : "; stored in " + safe_text(writer.path())));
  const bool picture = arguments_.has("gantt") || arguments_.has("trace");
  const ExitCode code = verdict();
  return picture ? worse(code, picture_run(plan_, arguments_, console_)) : code;
}

}  // namespace

ExitCode run_command(const Arguments& arguments, Console& console) {
  if (const auto problem = refused(arguments)) {
    console.complain(*problem);
    return ExitCode::usage;
  }
  const scenarios::Overrides overrides = overrides_of(arguments);
  const Deadline deadline{arguments.duration("time-limit")};
  ExitCode code = ExitCode::done;
  for (const std::string& file : arguments.operands) {
    if (interrupted()) {
      return ExitCode::interrupted;
    }
    const auto loaded = load_plan(file, overrides, console);
    const auto* plan = std::get_if<scenarios::Plan>(&loaded);
    if (plan == nullptr) {
      code = worse(code, std::get<ExitCode>(loaded));
      continue;
    }
    if (arguments.has("dry-run")) {
      code = worse(code, dry_run(*plan, file, arguments, console));
      continue;
    }
    if (const auto problem = no_such_picture(*plan, arguments)) {
      console.complain(*problem);
      code = worse(code, ExitCode::usage);
      continue;
    }
    BatchWriter writer{arguments, *plan, file, console};
    if (writer.failed()) {
      return worse(code, writer.code());
    }
    ScenarioRun run{*plan, arguments, console, deadline};
    code = worse(code, run.run(writer));
  }
  return code;
}

}  // namespace timeslice::tools
