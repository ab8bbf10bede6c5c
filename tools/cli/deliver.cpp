#include "tools/cli/deliver.hpp"

#include <string>

#include "tools/cli/text_file.hpp"

namespace timeslice::tools {

ExitCode deliver(std::string_view text, const Arguments& arguments, Console& console) {
  const auto file = arguments.text("output");
  if (!file || *file == "-") {
    console.print(text);
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
