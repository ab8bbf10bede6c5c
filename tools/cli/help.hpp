// Help, manual page and shell completion, all written from the option table.
#pragma once

#include <string>
#include <string_view>

namespace timeslice::tools {

/// `timeslice --help`: the commands and the options of all of them.
[[nodiscard]] std::string program_help();

/// `timeslice COMMAND --help`. Requires: the command exists.
[[nodiscard]] std::string command_help(std::string_view command);

/// The manual page timeslice(1) as troff with the man macros.
[[nodiscard]] std::string man_page(std::string_view version);

/// A completion script. Requires: shell is bash or zsh.
[[nodiscard]] std::string completion_script(std::string_view shell);

}  // namespace timeslice::tools
