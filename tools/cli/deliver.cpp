#include "tools/cli/deliver.hpp"

#include <filesystem>
#include <string>
#include <system_error>

#include <unistd.h>

#include "tools/cli/text_file.hpp"
#include "tools/report/text_table.hpp"

namespace timeslice::tools {

ExitCode deliver(std::string_view text, const Arguments& arguments, Console& console) {
  const auto file = arguments.text("output");
  if (!file || *file == "-") {
    // A file or a pipe gets the bytes as they are; a terminal must not be steered by them.
    console.print(::isatty(STDOUT_FILENO) == 1 ? safe_lines(text) : std::string{text});
    return ExitCode::done;
  }
  for (const std::string& input : arguments.operands) {
    std::error_code none;  // what is no file is not the same one
    if (std::filesystem::equivalent(input, *file, none)) {
      console.complain({.where = *file,
                        .what = "is what was read, which would be lost",
                        .advice = "name another file behind -o"});
      return ExitCode::unexpected;
    }
  }
  if (const auto problem = write_text_file(*file, text)) {
    console.complain(*problem);
    return ExitCode::unexpected;
  }
  console.note("written to " + *file);
  return ExitCode::done;
}

}  // namespace timeslice::tools
