#include <string>

#include <fmt/format.h>

#include "sim/expect.hpp"
#include "tools/cli/command_table.hpp"
#include "tools/cli/commands.hpp"

namespace timeslice::tools {

ExitCode later_command(const Arguments& arguments, Console& console) {
  const CommandSpec* command = find_command(arguments.command);
  sim::expect(command != nullptr && !command->instead.empty(),
              "every command of this version is in the table of contents");
  console.complain({.where = {},
                    .what = fmt::format("`timeslice {}` ({}) is not in this version yet",
                                        command->name, command->help),
                    .advice = fmt::format("instead: {}", command->instead)});
  return ExitCode::usage;
}

}  // namespace timeslice::tools
