// A result that goes to stdout, or into the file that --output names.
#pragma once

#include <string_view>

#include "tools/cli/arguments.hpp"
#include "tools/cli/console.hpp"
#include "tools/cli/exit_code.hpp"

namespace timeslice::tools {

[[nodiscard]] ExitCode deliver(std::string_view text, const Arguments& arguments, Console& console);

}  // namespace timeslice::tools
