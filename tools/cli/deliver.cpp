#include "tools/cli/deliver.hpp"

#include <string>

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
  if (const auto problem = write_text_file(*file, text)) {
    console.complain(*problem);
    return ExitCode::unexpected;
  }
  console.note("written to " + *file);
  return ExitCode::done;
}

}  // namespace timeslice::tools
