// Scenario files of the command line, loaded with its overrides; what is wrong goes to stderr.
#pragma once

#include <string>
#include <variant>

#include "scenarios/format/load.hpp"
#include "tools/cli/arguments.hpp"
#include "tools/cli/console.hpp"
#include "tools/cli/exit_code.hpp"

namespace timeslice::tools {

/// --set, --variant, --machine, --seed and --repeat.
[[nodiscard]] scenarios::Overrides overrides_of(const Arguments& arguments);

/// The plan of `file` ("-": stdin), or the exit code if there is none, every error then being on
/// stderr: invalid input, or usage where only the overrides are at fault.
[[nodiscard]] std::variant<scenarios::Plan, ExitCode> load_plan(
    const std::string& file, const scenarios::Overrides& overrides, Console& console);

/// Writes diagnostics to stderr.
void show_diagnostics(const scenarios::Diagnostics& diagnostics, Console& console);

/// "workers=8 runtime.gil=on"; a variant only where there is one.
[[nodiscard]] std::string params_text(const scenarios::Params& params);

}  // namespace timeslice::tools
