#include "tools/cli/run_picture.hpp"

#include <optional>
#include <string>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "scenarios/simulate.hpp"
#include "sim/trace.hpp"
#include "tools/cli/input.hpp"
#include "tools/cli/interrupt.hpp"
#include "tools/cli/trace_output.hpp"
#include "tools/report/gantt.hpp"
#include "tools/report/trace/trace_file.hpp"
#include "tools/report/trace_text.hpp"

namespace timeslice::tools {
namespace {

constexpr std::size_t items_max = 40;

// Writes each record as a line as it happens, so that a long trace needs no memory.
class LineSink final : public sim::TraceSink {
 public:
  explicit LineSink(const ByteSink& output) : output_{output} {}

  void write(const sim::TraceRecord& record) override { output_(trace_line(record) + '\n'); }

 private:
  const ByteSink& output_;
};

// The events of one run as text, or its timeline in the format that the file's name asks for.
ExitCode write_trace(const std::string& file, const scenarios::Scenario& scenario,
                     std::uint64_t repetition, Console& console) {
  console.flush();
  const auto format = trace_format_of_file(file);
  models::Timings run;
  const auto problem = write_to_file(file, [&](const ByteSink& output) {
    LineSink lines{output};
    run = scenarios::simulate(scenario, repetition,
                              {.keep_tasks = format.has_value(),
                               .keep_slices = format.has_value(),
                               .sink = format ? nullptr : &lines,
                               .give_up = interrupted});
    if (format) {
      write_timeline(*format, run, output);
    }
  });
  if (problem) {
    console.complain(*problem);
    return ExitCode::unexpected;
  }
  if (file != "-") {
    console.note(fmt::format("trace of {} events written to {}", run.events, file));
  }
  return ExitCode::done;
}

void draw(const scenarios::Point& point, std::uint64_t repetition, const Arguments& arguments,
          Console& console) {
  const models::Timings run =
      scenarios::simulate(point.scenario, repetition,
                          {.keep_tasks = true, .keep_slices = true, .give_up = interrupted});
  const std::string params = params_text(point.params);
  console.print(fmt::format("\nrun of point {}{}{}, repetition {}\n", point.ordinal,
                            params.empty() ? "" : " at ", params, repetition));
  console.print(gantt(run, {.width = console.width(),
                            .unicode = console.unicode() && !arguments.has("ascii"),
                            .colour = console.colour()}));
  if (!run.tasks.empty()) {
    console.print("\nwhich worker ran which item\n" + item_table(run.tasks, items_max));
  }
}

}  // namespace

std::optional<sim::Error> no_such_picture(const scenarios::Plan& plan, const Arguments& arguments) {
  const std::uint64_t ordinal = arguments.count("point").value_or(0);
  const std::uint64_t repetition = arguments.count("rep").value_or(0);
  if (ordinal >= plan.size()) {
    return sim::Error{
        .where = "--point",
        .what = fmt::format("there is no point {}", ordinal),
        .advice = fmt::format("the last one is {}; see `timeslice expand`", plan.size() - 1)};
  }
  const auto resolved = plan.point(ordinal);
  const auto* point = std::get_if<scenarios::Point>(&resolved);
  if (point != nullptr && repetition >= point->scenario.repeat.most) {
    return sim::Error{
        .where = "--rep",
        .what = fmt::format("there is no repetition {}", repetition),
        .advice = fmt::format("the last one is {}; see --repeat", point->scenario.repeat.most - 1)};
  }
  return std::nullopt;
}

ExitCode picture_run(const scenarios::Plan& plan, const Arguments& arguments, Console& console) {
  const std::uint64_t ordinal = arguments.count("point").value_or(0);
  const std::uint64_t repetition = arguments.count("rep").value_or(0);
  const auto resolved = plan.point(ordinal);
  if (const auto* diagnostics = std::get_if<scenarios::Diagnostics>(&resolved)) {
    show_diagnostics(*diagnostics, console);
    return ExitCode::invalid_input;
  }
  const auto& point = std::get<scenarios::Point>(resolved);
  if (arguments.has("gantt")) {
    draw(point, repetition, arguments, console);
  }
  const auto trace = arguments.text("trace");
  return trace ? write_trace(*trace, point.scenario, repetition, console) : ExitCode::done;
}

}  // namespace timeslice::tools
