#include <optional>
#include <string>
#include <variant>

#include <fmt/format.h>
#include <unistd.h>

#include "tools/cli/batch_writer.hpp"
#include "tools/cli/commands.hpp"
#include "tools/cli/trace_output.hpp"
#include "tools/report/trace/trace_file.hpp"
#include "tools/store/timeline.hpp"

namespace timeslice::tools {
namespace {

/// --format, else what the file's name ends with, else Perfetto; nothing: no format of traces.
std::optional<TraceFormat> wanted_format(const Arguments& arguments, const std::string& file) {
  if (const auto named = arguments.text("format")) {
    return trace_format_named(*named);
  }
  return trace_format_of_file(file).value_or(TraceFormat::perfetto);
}

}  // namespace

ExitCode export_command(const Arguments& arguments, Console& console) {
  const std::string file = arguments.text("output").value_or("-");
  const auto format = wanted_format(arguments, file);
  if (!format) {
    console.complain({.where = "--format",
                      .what = "is no format of traces",
                      .advice = "write perfetto, json, ftrace or csv"});
    return ExitCode::usage;
  }
  if (*format == TraceFormat::perfetto && file == "-" && ::isatty(STDOUT_FILENO) == 1) {
    console.complain({.where = {},
                      .what = "a Perfetto trace is not for a terminal",
                      .advice = "add -o F.pftrace, or --format ftrace"});
    return ExitCode::usage;
  }
  const auto run = read_timeline(arguments.operands[0], arguments.operands[1]);
  if (const auto* problem = std::get_if<StoreError>(&run)) {
    return report_store_error(*problem, console);
  }
  const auto& timings = std::get<models::Timings>(run);
  console.flush();
  if (const auto problem = write_to_file(
          file, [&](const ByteSink& sink) { write_timeline(*format, timings, sink); })) {
    console.complain(*problem);
    return ExitCode::unexpected;
  }
  if (file != "-") {
    console.note(fmt::format("{} slices and {} items written to {}", timings.slices.size(),
                             timings.tasks.size(), file));
  }
  return ExitCode::done;
}

}  // namespace timeslice::tools
