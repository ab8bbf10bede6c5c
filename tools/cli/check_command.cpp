#include <string>
#include <variant>

#include <fmt/format.h>

#include "tools/cli/commands.hpp"
#include "tools/cli/input.hpp"
#include "tools/report/humanize.hpp"
#include "tools/report/text_table.hpp"

namespace timeslice::tools {
namespace {

// Doubts that the loader has about the first point: the same ones that a run would show.
std::string doubts(const scenarios::Plan& plan) {
  std::string text;
  const auto first = plan.point(0);
  if (const auto* point = std::get_if<scenarios::Point>(&first)) {
    for (const std::string& warning : point->scenario.warnings) {
      text += "warning: " + safe_text(warning) + '\n';
    }
  }
  return text;
}

}  // namespace

ExitCode check_command(const Arguments& arguments, Console& console) {
  const scenarios::Overrides overrides = overrides_of(arguments);
  ExitCode code = ExitCode::done;
  for (const std::string& file : arguments.operands) {
    const auto loaded = load_plan(file, overrides, console);
    const auto* plan = std::get_if<scenarios::Plan>(&loaded);
    if (plan == nullptr) {
      code = worse(code, std::get<ExitCode>(loaded));
      continue;
    }
    console.warn(doubts(*plan));
    console.print(fmt::format("{}: good; {}, {}\n", safe_text(file),
                              counted(plan->size(), "point", "points"),
                              counted(plan->expectations().size(), "expectation", "expectations")));
  }
  return code;
}

}  // namespace timeslice::tools
