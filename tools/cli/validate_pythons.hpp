// `validate --python A --python B`: each scenario natively on several interpreters, in one table.
//
// Each interpreter is calibrated by itself and predicted as the version that it says it is; the
// parameter `python` of a point names it. Cost: a whole validation for each.
#pragma once

#include <optional>
#include <string>

#include "scenarios/format/load.hpp"
#include "tools/cli/arguments.hpp"
#include "tools/cli/batch_writer.hpp"
#include "tools/cli/console.hpp"
#include "tools/cli/exit_code.hpp"
#include "tools/report/run_report.hpp"
#include "validation/validate.hpp"

namespace timeslice::tools {

/// Requires: `--python` is given twice or more.
[[nodiscard]] ExitCode validate_with_each_python(const Arguments& arguments, Console& console);

// Parts of the command that both ways share (validate_command.cpp).
[[nodiscard]] validation::ValidateOptions options_of(const Arguments& arguments);
/// Whether that machine's file was calibrated on this host.
[[nodiscard]] bool calibrated_here(const std::string& machine);
void store(const validation::Validation& result, BatchWriter& writer);
[[nodiscard]] RunReport predicted_report(const scenarios::Plan& plan,
                                         const validation::Validation& result);
[[nodiscard]] ExitCode verdict(const validation::Validation& result, Console& console);
[[nodiscard]] std::optional<ExitCode> fails_in_simulation(const scenarios::Plan& plan,
                                                          Console& console);

}  // namespace timeslice::tools
