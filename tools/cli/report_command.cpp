#include <string>
#include <variant>

#include <fmt/format.h>
#include <unistd.h>

#include "tools/cli/batch_writer.hpp"
#include "tools/cli/commands.hpp"
#include "tools/cli/deliver.hpp"
#include "tools/cli/interrupt.hpp"
#include "tools/report/html/page.hpp"
#include "tools/report/html/report_data.hpp"

namespace timeslice::tools {

ExitCode report_command(const Arguments& arguments, Console& console) {
  const std::string file = arguments.text("output").value_or("-");
  if (file == "-" && ::isatty(STDOUT_FILENO) == 1) {
    console.complain(
        {.where = {}, .what = "an HTML page is not for a terminal", .advice = "add -o F.html"});
    return ExitCode::usage;
  }
  const auto data = report_data(arguments.operands[0], interrupted);
  if (const auto* problem = std::get_if<StoreError>(&data)) {
    return report_store_error(*problem, console);
  }
  return deliver(report_html(std::get<ReportData>(data)), arguments, console);
}

}  // namespace timeslice::tools
