#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

#include "scenarios/simulate.hpp"
#include "tools/cli/batch_writer.hpp"
#include "tools/cli/commands.hpp"
#include "tools/cli/input.hpp"
#include "tools/cli/interrupt.hpp"
#include "tools/cli/locations.hpp"
#include "tools/cli/native_record.hpp"
#include "tools/cli/validate_pythons.hpp"
#include "tools/cli/version.hpp"
#include "tools/report/humanize.hpp"
#include "tools/report/progress.hpp"
#include "tools/report/summary.hpp"
#include "tools/report/text_table.hpp"
#include "tools/report/validation_json.hpp"
#include "tools/report/validation_text.hpp"
#include "validation/calibrate/same_host.hpp"
#include "validation/condense.hpp"
#include "validation/judge.hpp"
#include "validation/native/interpreter.hpp"
#include "validation/validate.hpp"

namespace timeslice::tools {
namespace {

using validation::PointValidation;
using validation::Validation;

// A sample of all processes takes a few ms of CPU time: a twentieth of it, at most, by default.
constexpr std::chrono::milliseconds native_sample_period{20};

std::optional<sim::Error> record_conflict(const Arguments& arguments) {
  const bool records = arguments.has("record");
  const bool replays = arguments.has("replay");
  const auto conflict = [](const char* option, const char* what) {
    return sim::Error{.where = option, .what = what, .advice = "leave one of them out"};
  };
  if (records && replays) {
    return conflict("--record", "keeps native runs, but --replay makes none");
  }
  const char* const option = records ? "--record" : "--replay";
  if ((records || replays) && arguments.texts("python").size() > 1) {
    return conflict(option, "is of one Python");
  }
  if ((records || replays) && (arguments.has("timeline") || arguments.has("keep"))) {
    return conflict(option, "has no time lines, for which --timeline and --keep ask");
  }
  return std::nullopt;
}

std::optional<sim::Error> keep_conflict(const Arguments& arguments) {
  const auto kept = kept_parts(arguments);
  if (kept.size() > kept.count("timeline") + kept.count("threads")) {
    return sim::Error{.where = "--keep",
                      .what = "a native run has nothing but its time line to keep",
                      .advice = "write --keep timeline"};
  }
  if (arguments.has("sample-period") && kept.empty()) {
    return sim::Error{.where = "--sample-period",
                      .what = "is of a time line that is not kept",
                      .advice = "add --keep timeline"};
  }
  return std::nullopt;
}

}  // namespace

validation::ValidateOptions options_of(const Arguments& arguments) {
  validation::ValidateOptions options;
  options.python = arguments.text("python").value_or(options.python);  // of several: the last
  options.repeat = arguments.count("repeat").value_or(options.repeat);
  options.tolerance = arguments.share("tolerance").value_or(0.0);
  if (const auto limit = arguments.share("noise-limit")) {
    options.limits = validation::limits_at(*limit);
  }
  options.until = arguments.share("until").value_or(0.0);
  if (const auto limit = arguments.duration("time-limit")) {
    options.budget = *limit;
  }
  options.timelines = arguments.has("timeline");
  options.latencies = arguments.has("latencies");
  options.ablation = arguments.has("costs");
  if (kept_parts(arguments).contains("timeline")) {
    options.samples = arguments.duration("sample-period").value_or(native_sample_period);
  }
  options.replay = arguments.has("replay");
  options.give_up = interrupted;
  return options;
}

// The simulated side of a point, as a sweep would have handed it over.
PointOutcome predicted_outcome(const PointValidation& point) {
  PointOutcome outcome{.point = point.point,
                       .runs = point.predicted,
                       .wall_ns = std::vector<std::int64_t>(point.predicted.size(), 0),
                       .metrics = summarise(point.predicted),
                       .warnings = point.warnings,
                       .error = {}};
  return outcome;
}

std::vector<ComparisonRow> rows_of(const PointValidation& point) {
  std::vector<ComparisonRow> rows;
  rows.reserve(point.comparisons.size());
  for (const validation::Comparison& one : point.comparisons) {
    rows.push_back({.name = one.name,
                    .entity = one.entity,
                    .unit = one.unit,
                    .predicted = one.predicted,
                    .predicted_low = one.predicted_low,
                    .predicted_high = one.predicted_high,
                    .measured = one.measured,
                    .measured_cv = one.measured_cv,
                    .error = one.error,
                    .error_raw = one.error_raw,
                    .error_null = one.error_null,
                    .covered = one.covered});
  }
  return rows;
}

void store(const Validation& result, BatchWriter& writer) {
  for (const PointValidation& point : result.points) {
    writer.write(predicted_outcome(point));
    writer.write_measured(point.point, point.measured);
    writer.write_comparisons(point.point, rows_of(point));
  }
  writer.end(!result.interrupted);
}

RunReport predicted_report(const scenarios::Plan& plan, const Validation& result) {
  RunReport report;
  report.tool = tool_version();
  report.name = plan.name();
  report.about = plan.about();
  report.sha256 = plan.sha256();
  report.planned = plan.size();
  report.axes = plan.axes();
  for (const PointValidation& point : result.points) {
    report.add(predicted_outcome(point), {});
  }
  return report;
}

ExitCode verdict(const Validation& result, Console& console) {
  bool measured = false;
  bool within = true;
  for (const PointValidation& point : result.points) {
    measured = measured || point.native.runs > 0;
    within = within && point.within_tolerance;
  }
  if (result.interrupted && interrupted()) {
    console.complain({.where = {},
                      .what = "interrupted; what was measured until then is shown",
                      .advice = "start it again for the rest"});
    return ExitCode::interrupted;
  }
  if (!measured && !result.points.empty()) {
    console.complain({.where = {},
                      .what = "no native run could be accepted",
                      .advice =
                          "the reasons are listed with the table; quiet the machine, or raise "
                          "--noise-limit (from 50% on it accepts steal too) and read the errors "
                          "with care"});
    return ExitCode::cannot;
  }
  return within ? ExitCode::done : ExitCode::gate_failed;
}

std::string stored_line(const Validation& result, const std::string& path) {
  std::uint64_t runs = 0;
  for (const PointValidation& point : result.points) {
    runs += point.measured.size();
  }
  const std::string_view why =
      result.interrupted ? "none was over" : "every native one was rejected";
  return runs == 0 ? fmt::format("no run is stored in {}: {}", safe_text(path), why)
                   : fmt::format("{} stored in {}, each beside its prediction",
                                 counted(runs, "native run", "native runs"), safe_text(path));
}

bool calibrated_here(const std::string& machine) {
  const auto loaded = scenarios::load_machine(machine, machine_search_path());
  const auto* file = std::get_if<scenarios::MachineFile>(&loaded);
  return file != nullptr && validation::is_this_host(*file);
}

// A program that does not end well in the simulation is not started for real: it might never end.
std::optional<ExitCode> fails_in_simulation(const scenarios::Plan& plan, Console& console) {
  for (std::uint64_t ordinal = 0; ordinal < plan.size() && !interrupted(); ++ordinal) {
    const auto resolved = plan.point(ordinal);
    const auto* point = std::get_if<scenarios::Point>(&resolved);
    if (point == nullptr) {
      continue;  // said by the validation itself
    }
    const models::Timings run = scenarios::simulate(point->scenario, 0, {.give_up = interrupted});
    if (run.status != models::RunStatus::ok && !interrupted()) {
      console.complain({.where = fmt::format("point {}", ordinal),
                        .what = "fails in the simulation, so nothing was run: " + run.error,
                        .advice = "look at it with `timeslice run FILE --gantt`"});
      return ExitCode::program_failed;
    }
  }
  return interrupted() ? std::optional{ExitCode::interrupted} : std::nullopt;
}

namespace {

// A file of the command line that can be validated, and its part of all points.
struct Job {
  std::string file;
  scenarios::Plan plan;
  std::size_t first = 0;
  std::size_t count = 0;
};

struct Jobs {
  std::vector<Job> list;
  std::vector<scenarios::Point> points;  // of all of them, in this order
  ExitCode code = ExitCode::done;        // the worst of the files that are left out
};

// Files that cannot be validated are complained about and left out.
Jobs jobs_of(const Arguments& arguments, const scenarios::Overrides& overrides,
             const validation::ValidateOptions& options, Console& console) {
  Jobs jobs;
  for (const std::string& file : arguments.operands) {
    auto loaded = load_plan(file, overrides, console);
    auto* plan = std::get_if<scenarios::Plan>(&loaded);
    if (plan == nullptr) {
      jobs.code = worse(jobs.code, std::get<ExitCode>(loaded));
      continue;
    }
    if (const auto failed = fails_in_simulation(*plan, console)) {
      jobs.code = worse(jobs.code, *failed);
      continue;
    }
    auto points = validation::native_points(*plan, options);
    if (!points) {
      console.complain(points.error());
      jobs.code = worse(jobs.code, ExitCode::cannot);
      continue;
    }
    jobs.list.push_back({.file = file,
                         .plan = std::move(*plan),
                         .first = jobs.points.size(),
                         .count = points.value().size()});
    std::ranges::move(std::move(points).value(), std::back_inserter(jobs.points));
  }
  return jobs;
}

ExitCode deliver_one(const Job& job, const Validation& result, const Arguments& arguments,
                     Console& console, BatchWriter& writer) {
  store(result, writer);
  const RunReport report = predicted_report(job.plan, result);
  if (arguments.has("json")) {
    console.print(validation_json(report, result));
  } else {
    console.print(fmt::format("{}: predicted beside measured\n\n", job.plan.name()));
    console.print(
        validation_text(result, {.colour = console.colour(), .details = console.verbose()}));
  }
  console.warn(validation_warnings(result));
  if (!writer.path().empty() && !writer.failed()) {
    console.note(stored_line(result, writer.path()));
  }
  const ExitCode code = verdict(result, console);
  return writer.failed() ? worse(code, writer.code()) : code;
}

// The native halves of all points: run now, or long ago.
sim::Result<validation::NativeSide> native_side(const std::vector<scenarios::Point>& points,
                                                const Arguments& arguments,
                                                const validation::ValidateOptions& options) {
  if (const auto folder = arguments.text("replay")) {
    return validation::native_side_of(points, options, record_reader(*folder));
  }
  if (const auto folder = arguments.text("record")) {
    if (auto problem = prepare_record(*folder)) {
      return *problem;
    }
  }
  return validation::measure_natively(points, options);
}

// What was measured is shown even if it cannot be kept.
ExitCode keep_record(const std::vector<scenarios::Point>& points,
                     const validation::NativeSide& side, const Arguments& arguments,
                     Console& console) {
  const auto folder = arguments.text("record");
  if (!folder) {
    return ExitCode::done;
  }
  if (const auto problem = write_record(*folder, validation::record_of(points, side))) {
    console.complain(*problem);
    return ExitCode::unexpected;
  }
  console.note(fmt::format("what ran natively is kept in {}", safe_text(*folder)));
  return ExitCode::done;
}

ExitCode validate_jobs(Jobs jobs, const Arguments& arguments, Console& console,
                       validation::ValidateOptions& options) {
  Progress progress{"native runs", console.shows_progress()
                                       ? std::function<void(std::string_view)>{[&](auto text) {
                                           console.tell(text);
                                         }}
                                       : nullptr};
  options.progress = [&](std::uint64_t done, std::uint64_t total) { progress.update(done, total); };
  // Opened before anything is measured: a database that cannot be written is found out early.
  auto writer = std::make_unique<BatchWriter>(arguments, jobs.list.front().plan,
                                              jobs.list.front().file, console);
  if (writer->failed()) {
    return writer->code();
  }
  const auto side = native_side(jobs.points, arguments, options);
  progress.clear();
  if (!side) {
    console.complain(side.error());
    return options.replay ? ExitCode::invalid_input : ExitCode::cannot;
  }
  scenarios::SimulatedRunner simulated;
  const Validation result = validation::judge(jobs.points, options, side.value(), simulated);
  ExitCode code = worse(jobs.code, keep_record(jobs.points, side.value(), arguments, console));
  for (const Job& job : jobs.list) {
    if (!writer) {
      writer = std::make_unique<BatchWriter>(arguments, job.plan, job.file, console);
    }
    const std::size_t there = result.points.size();  // an early stop may have none
    const std::size_t first = std::min(job.first, there);
    const Validation part = validation::slice_of(result, first, std::min(job.count, there - first));
    code = worse(code, deliver_one(job, part, arguments, console, *writer));
    writer.reset();
  }
  if (jobs.list.size() > 1 && !arguments.has("json")) {
    console.print(fmt::format("\nall {} files\n\n", jobs.list.size()));
    console.print(validation_summary(result, console.colour()));
  }
  return code;
}

}  // namespace

ExitCode validate_command(const Arguments& arguments, Console& console) {
  if (const auto conflict = database_conflict(arguments)) {
    console.complain(*conflict);
    return ExitCode::usage;
  }
  if (const auto conflict = record_conflict(arguments)) {
    console.complain(*conflict);
    return ExitCode::usage;
  }
  if (const auto conflict = keep_conflict(arguments)) {
    console.complain(*conflict);
    return ExitCode::usage;
  }
  if (arguments.texts("python").size() > 1) {
    return validate_with_each_python(arguments, console);
  }
  validation::ValidateOptions options = options_of(arguments);
  if (!options.replay && ::access(options.python.c_str(), X_OK) != 0) {
    console.complain({.where = options.python,
                      .what = "is no program that can be started",
                      .advice = "name a Python with --python EXE"});
    return ExitCode::cannot;
  }
  if (!options.replay) {
    const auto python = validation::ask_interpreter(options.python, interrupted);
    options.free_threaded = python && python.value().free_threaded;
  }
  scenarios::Overrides overrides = overrides_of(arguments);
  overrides.repeat.reset();  // --repeat counts native runs here
  if (!overrides.machine) {
    overrides.machine = "host";  // native runs happen nowhere else
  }
  options.own_machine_file = calibrated_here(*overrides.machine);
  Jobs jobs = jobs_of(arguments, overrides, options, console);
  if (interrupted()) {
    return ExitCode::interrupted;
  }
  if (jobs.list.empty()) {
    return jobs.code;
  }
  if (!arguments.has("time-limit")) {
    options.budget *= static_cast<std::int64_t>(jobs.list.size());
  }
  return validate_jobs(std::move(jobs), arguments, console, options);
}

}  // namespace timeslice::tools
