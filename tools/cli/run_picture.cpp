#include "tools/cli/run_picture.hpp"

#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "scenarios/simulate.hpp"
#include "sim/trace.hpp"
#include "tools/cli/input.hpp"
#include "tools/cli/interrupt.hpp"
#include "tools/report/gantt.hpp"
#include "tools/report/trace_text.hpp"

namespace timeslice::tools {
namespace {

constexpr std::size_t items_max = 40;

// Writes each record as a line as it happens, so that a long trace needs no memory.
class LineSink final : public sim::TraceSink {
 public:
  explicit LineSink(int descriptor) : output_{descriptor} {}

  void write(const sim::TraceRecord& record) override { output_.write(trace_line(record) + '\n'); }

  [[nodiscard]] std::optional<sim::Error> finish() {
    output_.flush();
    return output_.problem();
  }

 private:
  Output output_;
};

ExitCode write_trace(const std::string& file, const scenarios::Scenario& scenario,
                     std::uint64_t repetition, Console& console) {
  constexpr int readable_by_all = 0644;
  console.flush();
  const int descriptor =
      file == "-" ? STDOUT_FILENO
                  : ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, readable_by_all);
  if (descriptor < 0) {
    const char* reason = std::strerror(errno);  // NOLINT(concurrency-mt-unsafe)
    console.complain({.where = file,
                      .what = fmt::format("cannot be written: {}", reason),
                      .advice = "choose another file with --trace"});
    return ExitCode::unexpected;
  }
  LineSink sink{descriptor};
  const models::Timings run =
      scenarios::simulate(scenario, repetition, {.sink = &sink, .give_up = interrupted});
  auto problem = sink.finish();
  if (file != "-" && ::close(descriptor) != 0 && !problem) {
    problem = sim::Error{.where = file, .what = "cannot be written", .advice = "make room"};
  }
  if (problem) {
    console.complain({.where = file, .what = problem->what, .advice = problem->advice});
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
  if (point != nullptr && repetition >= point->scenario.repeat) {
    return sim::Error{
        .where = "--rep",
        .what = fmt::format("there is no repetition {}", repetition),
        .advice = fmt::format("the last one is {}; see --repeat", point->scenario.repeat - 1)};
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
