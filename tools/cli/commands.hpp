// The commands. Each reads its Arguments, speaks through the Console and returns the exit code.
#pragma once

#include <string_view>
#include <vector>

#include "tools/cli/arguments.hpp"
#include "tools/cli/console.hpp"
#include "tools/cli/exit_code.hpp"

namespace timeslice::tools {

using Command = ExitCode (*)(const Arguments& arguments, Console& console);

[[nodiscard]] ExitCode run_command(const Arguments& arguments, Console& console);
[[nodiscard]] ExitCode check_command(const Arguments& arguments, Console& console);
[[nodiscard]] ExitCode expand_command(const Arguments& arguments, Console& console);
[[nodiscard]] ExitCode schema_command(const Arguments& arguments, Console& console);
[[nodiscard]] ExitCode machine_command(const Arguments& arguments, Console& console);
[[nodiscard]] ExitCode query_command(const Arguments& arguments, Console& console);
[[nodiscard]] ExitCode show_command(const Arguments& arguments, Console& console);
[[nodiscard]] ExitCode validate_command(const Arguments& arguments, Console& console);
[[nodiscard]] ExitCode holdout_command(const Arguments& arguments, Console& console);
[[nodiscard]] ExitCode calibrate_command(const Arguments& arguments, Console& console);
[[nodiscard]] ExitCode doctor_command(const Arguments& arguments, Console& console);
[[nodiscard]] ExitCode merge_command(const Arguments& arguments, Console& console);
[[nodiscard]] ExitCode status_command(const Arguments& arguments, Console& console);
[[nodiscard]] ExitCode batch_command(const Arguments& arguments, Console& console);
[[nodiscard]] ExitCode compare_command(const Arguments& arguments, Console& console);
[[nodiscard]] ExitCode plot_command(const Arguments& arguments, Console& console);
[[nodiscard]] ExitCode export_command(const Arguments& arguments, Console& console);
[[nodiscard]] ExitCode report_command(const Arguments& arguments, Console& console);

/// Commands that the table knows and this version does not have: says what to use instead.
[[nodiscard]] ExitCode later_command(const Arguments& arguments, Console& console);

struct NamedCommand {
  std::string_view name;
  Command command;
};

/// Parses, settles settings, answers --help and its like, calls the command, checks that all
/// output arrived. Never throws.
[[nodiscard]] int run_program(const std::vector<NamedCommand>& commands, int argc, char** argv);

}  // namespace timeslice::tools
