#include <string>

#include "scenarios/format/schema.hpp"
#include "tools/cli/commands.hpp"
#include "tools/cli/deliver.hpp"

namespace timeslice::tools {

ExitCode schema_command(const Arguments& arguments, Console& console) {
  std::string text = scenarios::schema_json();
  if (!text.ends_with('\n')) {
    text += '\n';
  }
  return deliver(text, arguments, console);
}

}  // namespace timeslice::tools
