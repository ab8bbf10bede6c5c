#include "tools/report/plot_command.hpp"

#include <filesystem>
#include <string>
#include <system_error>
#include <variant>

#include <fmt/format.h>

#include "tools/cli/batch_writer.hpp"
#include "tools/cli/commands.hpp"
#include "tools/report/text_table.hpp"
#include "tools/store/query.hpp"

namespace timeslice::tools {

ExitCode plot_command(const Arguments& arguments, Console& console) {
  const auto output = arguments.text("output");
  if (!output) {
    console.complain({.where = {},
                      .what = "'timeslice plot' needs a file for the picture",
                      .advice = "add -o F.png or -o F.svg"});
    return ExitCode::usage;
  }
  // What is no database of ours is told here as everywhere.
  if (const auto looked = run_query(arguments.operands[0], "SELECT count(*) FROM sqlite_master");
      const auto* problem = std::get_if<StoreError>(&looked)) {
    return report_store_error(*problem, console);
  }
  PlotRequest request{.database = arguments.operands[0],
                      .kind = arguments.operands[1],
                      .output = *output,
                      .csv = arguments.text("csv").value_or(""),
                      .batch = arguments.text("batch").value_or(""),
                      .run = arguments.text("run").value_or(""),
                      .metric = arguments.text("metric").value_or("")};
  if (const auto python = arguments.text("python")) {
    request.python = *python;
  }
  console.flush();
  const auto code = run_plot(request);
  if (!code) {
    console.complain(code.error());
    return ExitCode::cannot;
  }
  std::error_code ignored;
  if (code.value() == 0 && std::filesystem::exists(*output, ignored)) {
    const std::string numbers =
        request.csv.empty() ? std::filesystem::path{*output}.replace_extension(".csv").string()
                            : request.csv;
    const std::string where = numbers == "none" ? "" : "; its numbers are in " + safe_text(numbers);
    console.note(fmt::format("drawn to {}{}", safe_text(*output), where));
    return ExitCode::done;
  }
  const bool explained = code.value() == 2 || code.value() == 3 || code.value() == 6;
  if (explained) {  // by the script, on stderr
    return static_cast<ExitCode>(code.value());
  }
  if (code.value() == plot_not_written) {
    return ExitCode::unexpected;
  }
  console.complain({.where = request.python,
                    .what = fmt::format("ended with exit code {} and drew nothing", code.value()),
                    .advice = "name a Python 3 that has matplotlib with --python EXE"});
  return code.value() == 1 ? ExitCode::unexpected : ExitCode::cannot;
}

}  // namespace timeslice::tools
