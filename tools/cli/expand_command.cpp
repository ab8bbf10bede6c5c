#include <cstdint>
#include <string>
#include <variant>

#include <fmt/format.h>

#include "tools/cli/commands.hpp"
#include "tools/cli/input.hpp"
#include "tools/cli/interrupt.hpp"

namespace timeslice::tools {

ExitCode expand_command(const Arguments& arguments, Console& console) {
  const auto loaded = load_plan(arguments.operands.front(), overrides_of(arguments), console);
  const auto* plan = std::get_if<scenarios::Plan>(&loaded);
  if (plan == nullptr) {
    return std::get<ExitCode>(loaded);
  }
  ExitCode code = ExitCode::done;
  for (std::uint64_t ordinal = 0; ordinal < plan->size(); ++ordinal) {
    if (interrupted()) {
      return ExitCode::interrupted;
    }
    const auto resolved = plan->point(ordinal);
    if (const auto* diagnostics = std::get_if<scenarios::Diagnostics>(&resolved)) {
      show_diagnostics(*diagnostics, console);
      code = ExitCode::invalid_input;
      continue;
    }
    const auto& point = std::get<scenarios::Point>(resolved);
    const std::string params = params_text(point.params);
    console.print(
        fmt::format("{} {}{}{}\n", point.ordinal, point.key, params.empty() ? "" : " ", params));
  }
  return code;
}

}  // namespace timeslice::tools
