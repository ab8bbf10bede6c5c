#include "tools/report/plot_command.hpp"

#include <string>

#include "tools/cli/commands.hpp"

namespace timeslice::tools {

ExitCode plot_command(const Arguments& arguments, Console& console) {
  const auto output = arguments.text("output");
  if (!output) {
    console.complain({.where = {},
                      .what = "'timeslice plot' needs a file for the picture",
                      .advice = "add -o F.png or -o F.svg"});
    return ExitCode::usage;
  }
  PlotRequest request{.database = arguments.operands[0],
                      .kind = arguments.operands[1],
                      .output = *output,
                      .csv = arguments.text("csv").value_or(""),
                      .run = arguments.text("run").value_or("")};
  if (const auto python = arguments.text("python")) {
    request.python = *python;
  }
  console.flush();
  const auto code = run_plot(request);
  if (!code) {
    console.complain(code.error());
    return ExitCode::cannot;
  }
  if (code.value() == 0) {
    console.note("drawn to " + *output);
  }
  return static_cast<ExitCode>(code.value());
}

}  // namespace timeslice::tools
