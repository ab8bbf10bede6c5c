#include <array>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <functional>
#include <string>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

#include "scenarios/format/load.hpp"
#include "scenarios/format/yaml_reader.hpp"
#include "tools/cli/commands.hpp"
#include "tools/cli/deliver.hpp"
#include "tools/cli/input.hpp"
#include "tools/cli/interrupt.hpp"
#include "tools/cli/locations.hpp"
#include "tools/cli/text_file.hpp"
#include "tools/report/progress.hpp"
#include "tools/report/text_table.hpp"
#include "validation/calibrate/calibrate_machine.hpp"

namespace timeslice::tools {
namespace {

constexpr const char* usual_python = "/usr/bin/python3";

std::string today() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  std::array<char, 16> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d", &parts)};
}

/// The file that is added to; Done: there is none.
ExitCode read_existing(const std::string& path, Console& console,
                       validation::CalibrateOptions& options) {
  std::error_code problem;
  if (!std::filesystem::exists(path, problem)) {
    return ExitCode::done;
  }
  auto text = read_text_file(path, scenarios::max_file_bytes);
  if (!text) {
    console.complain(text.error());
    return ExitCode::invalid_input;
  }
  // A name without a folder would be looked for among the presets.
  const std::string place = std::filesystem::absolute(path, problem).string();
  auto loaded = scenarios::load_machine(place, machine_search_path());
  if (const auto* diagnostics = std::get_if<scenarios::Diagnostics>(&loaded)) {
    show_diagnostics(*diagnostics, console);
    return ExitCode::invalid_input;
  }
  options.existing_text = std::move(text).value();
  options.existing = std::get<scenarios::MachineFile>(std::move(loaded));
  return ExitCode::done;
}

/// The Pythons that were asked for; without any, the usual one if it is there.
std::vector<std::string> pythons_of(const Arguments& arguments, Console& console) {
  std::vector<std::string> pythons = arguments.texts("python");
  if (!pythons.empty()) {
    return pythons;
  }
  if (::access(usual_python, X_OK) != 0) {
    console.note(fmt::format("no Python was named and {} is not there: measuring the host alone",
                             usual_python));
    return {};
  }
  return {usual_python};
}

ExitCode present(const validation::CalibratedMachine& made, const Arguments& arguments,
                 Console& console) {
  for (const std::string& line : made.notes) {
    console.note(safe_text(line));
  }
  for (const std::string& line : made.warnings) {
    console.warn(safe_text(line));
  }
  const ExitCode code = deliver(made.yaml, arguments, console);
  if (code != ExitCode::done || !made.interrupted) {
    return code;
  }
  console.complain({.where = {},
                    .what = "interrupted; what was measured until then is in the file",
                    .advice = "start it again: it measures what the file lacks"});
  return ExitCode::interrupted;
}

}  // namespace

ExitCode calibrate_command(const Arguments& arguments, Console& console) {
  const auto output = arguments.text("output");
  if (!output) {
    console.complain({.where = {},
                      .what = "no file is named for the machine",
                      .advice = "write for example: timeslice calibrate -o host.yaml"});
    return ExitCode::usage;
  }
  validation::CalibrateOptions options;
  if (*output != "-") {
    if (const ExitCode code = read_existing(*output, console, options); code != ExitCode::done) {
      return code;
    }
  }
  options.pythons = pythons_of(arguments, console);
  options.budget = arguments.duration("budget").value_or(options.budget);
  options.refresh = arguments.has("refresh");
  options.date = today();
  options.give_up = interrupted;
  Progress progress{"calibrating", console.shows_progress()
                                       ? std::function<void(std::string_view)>{[&](auto text) {
                                           console.tell(text);
                                         }}
                                       : nullptr};
  options.progress = [&](std::uint64_t done, std::uint64_t total) { progress.update(done, total); };
  const auto made = validation::calibrate_machine(options);
  progress.clear();
  if (!made) {
    console.complain(made.error());
    return made.error().where == "machine file" ? ExitCode::invalid_input : ExitCode::cannot;
  }
  return present(made.value(), arguments, console);
}

}  // namespace timeslice::tools
