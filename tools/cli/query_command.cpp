#include <filesystem>
#include <string>
#include <variant>

#include <fmt/format.h>

#include "tools/cli/batch_writer.hpp"
#include "tools/cli/commands.hpp"
#include "tools/cli/deliver.hpp"
#include "tools/cli/interrupt.hpp"
#include "tools/report/query_table.hpp"
#include "tools/store/query.hpp"
#include "tools/store/show.hpp"
#include "tools/store/views.hpp"

namespace timeslice::tools {
namespace {

std::string formatted(const QueryTable& rows, const std::string& format) {
  if (format == "csv") {
    return to_csv(rows);
  }
  return format == "json" ? to_json(rows) : to_table(rows);
}

}  // namespace

ExitCode query_command(const Arguments& arguments, Console& console) {
  const std::string format = arguments.text("format").value_or("table");
  if (format == "perfetto" || format == "ftrace") {
    console.complain({.where = "--format",
                      .what = fmt::format("{} is a format of traces", format),
                      .advice = "write table, csv or json, or use `timeslice export`"});
    return ExitCode::usage;
  }
  if (arguments.operands.size() < 2) {
    // An unusable database is worth a word here as well: the views would not work on it.
    const auto probe = run_query(arguments.operands.front(), "SELECT 1");
    if (const auto* problem = std::get_if<StoreError>(&probe)) {
      return report_store_error(*problem, console);
    }
    return deliver(explain_views(), arguments, console);
  }
  const auto result =
      run_query(arguments.operands[0], arguments.operands[1], {.give_up = interrupted});
  if (const auto* problem = std::get_if<StoreError>(&result)) {
    return report_store_error(*problem, console);
  }
  const auto& rows = std::get<QueryTable>(result);
  std::string text = formatted(rows, format);
  if (!text.empty() && !text.ends_with('\n')) {
    text += '\n';
  }
  if (rows.cut) {
    console.warn(fmt::format("warning: only the first {} rows are shown; add a LIMIT or aggregate",
                             rows.rows.size()));
  }
  return deliver(text, arguments, console);
}

ExitCode show_command(const Arguments& arguments, Console& console) {
  const auto shown = show_run(arguments.operands[0], arguments.operands[1]);
  if (const auto* problem = std::get_if<StoreError>(&shown)) {
    return report_store_error(*problem, console);
  }
  console.print(std::get<std::string>(shown));
  return ExitCode::done;
}

}  // namespace timeslice::tools
