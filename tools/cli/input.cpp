#include "tools/cli/input.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>
#include <variant>

#include "tools/cli/interrupt.hpp"
#include "tools/cli/locations.hpp"
#include "tools/cli/text_file.hpp"
#include "tools/report/text_table.hpp"

namespace timeslice::tools {
namespace {

constexpr std::size_t stdin_bytes_max = std::size_t{2} << 20;  // the loader refuses over 1 MiB

std::optional<scenarios::Loaded> load(const std::string& file,
                                      const scenarios::Overrides& overrides, Console& console) {
  const scenarios::SearchPath search = machine_search_path();
  if (file == "-") {
    const auto text = read_stdin(stdin_bytes_max);
    if (!text) {
      console.complain(text.error());
      return std::nullopt;
    }
    return scenarios::load_text(text.value(), "<stdin>", ".", overrides, search);
  }
  return scenarios::load_file(file, overrides, search);
}

// The loader calls text from the command line after its option.
bool from_command_line(const scenarios::Diagnostic& diagnostic) {
  return diagnostic.place.file.starts_with("--");
}

}  // namespace

scenarios::Overrides overrides_of(const Arguments& arguments) {
  scenarios::Overrides overrides;
  for (const std::string& assignment : arguments.texts("set")) {
    const std::size_t equals = assignment.find('=');
    overrides.set.emplace_back(assignment.substr(0, equals), assignment.substr(equals + 1));
  }
  overrides.variant = arguments.text("variant");
  overrides.machine = arguments.text("machine");
  overrides.seed = arguments.count("seed");
  overrides.repeat = arguments.count("repeat");
  return overrides;
}

std::variant<scenarios::Plan, ExitCode> load_plan(const std::string& file,
                                                  const scenarios::Overrides& overrides,
                                                  Console& console) {
  auto loaded = load(file, overrides, console);
  if (interrupted()) {  // while it waited for a pipe
    return ExitCode::interrupted;
  }
  if (!loaded) {
    return ExitCode::invalid_input;
  }
  if (const auto* diagnostics = std::get_if<scenarios::Diagnostics>(&*loaded)) {
    show_diagnostics(*diagnostics, console);
    return std::ranges::all_of(*diagnostics, from_command_line) ? ExitCode::usage
                                                                : ExitCode::invalid_input;
  }
  return std::get<scenarios::Plan>(std::move(*loaded));
}

void show_diagnostics(const scenarios::Diagnostics& diagnostics, Console& console) {
  std::string text = safe_lines(scenarios::to_text(diagnostics));
  if (!text.ends_with('\n')) {
    text += '\n';
  }
  console.tell(text);
}

std::string params_text(const scenarios::Params& params) {
  std::string text;
  for (const scenarios::Param& param : params) {
    if (param.name == "variant" && param.value.empty()) {
      continue;
    }
    text += (text.empty() ? "" : " ") + safe_text(param.name) + "=" + safe_text(param.value);
  }
  return text;
}

}  // namespace timeslice::tools
