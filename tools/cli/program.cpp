#include <algorithm>
#include <cstdlib>
#include <exception>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "tools/cli/command_table.hpp"
#include "tools/cli/commands.hpp"
#include "tools/cli/help.hpp"
#include "tools/cli/interrupt.hpp"
#include "tools/cli/parse.hpp"
#include "tools/cli/settings.hpp"
#include "tools/cli/version.hpp"

namespace timeslice::tools {
namespace {

std::optional<std::string> environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe)
  return value == nullptr ? std::nullopt : std::optional<std::string>{value};
}

ConsoleOptions console_options(const Arguments& arguments) {
  const std::string color = arguments.text("color").value_or("auto");
  return ConsoleOptions{.color = color == "always"  ? ColorWhen::always
                                 : color == "never" ? ColorWhen::never
                                                    : ColorWhen::automatic,
                        .quiet = arguments.has("quiet"),
                        .verbose = arguments.has("verbose")};
}

ExitCode complain(const sim::Error& error, ExitCode code) {
  Console console{{}};
  console.complain(error);
  return code;
}

std::string version_text(bool verbose) {
  const ToolVersion tool = tool_version();
  std::string text =
      fmt::format("timeslice {} (git {}, models {})\n", tool.version, tool.git, tool.model);
  if (verbose) {
    text += fmt::format("model {}\nmethod {}\n", model_fingerprint(), method_fingerprint());
  }
  return text;
}

// Questions about the program itself; nothing where none was asked.
std::optional<std::string> about_program(const Arguments& arguments) {
  if (arguments.has("help")) {
    return arguments.command.empty() ? program_help() : command_help(arguments.command);
  }
  if (arguments.has("version")) {
    return version_text(arguments.has("verbose"));
  }
  if (arguments.has("man")) {
    return man_page(tool_version().version);
  }
  if (const auto shell = arguments.text("completion")) {
    return completion_script(*shell);
  }
  return std::nullopt;
}

ExitCode dispatch(const std::vector<NamedCommand>& commands, const Arguments& arguments,
                  Console& console) {
  if (const auto answer = about_program(arguments)) {
    console.print(*answer);
    return ExitCode::done;
  }
  if (arguments.command.empty()) {
    console.complain({.where = {},
                      .what = "no command is given",
                      .advice = "try `timeslice run FILE`, or `timeslice --help`"});
    return ExitCode::usage;
  }
  const auto found = std::ranges::find(commands, arguments.command, &NamedCommand::name);
  return found == commands.end() ? later_command(arguments, console)
                                 : found->command(arguments, console);
}

ExitCode run_words(const std::vector<NamedCommand>& commands,
                   const std::vector<std::string>& words) {
  auto parsed = parse_words(words);
  if (!parsed) {
    return complain(parsed.error(), ExitCode::usage);
  }
  Arguments arguments = std::move(parsed).value();
  const CommandSpec* command = find_command(arguments.command);
  if (command != nullptr && command->instead.empty() && !arguments.has("help")) {
    const auto settings = all_settings(environment);
    if (!settings) {
      return complain(settings.error(), ExitCode::invalid_input);
    }
    auto settled = with_settings(std::move(arguments), settings.value());
    if (!settled) {
      const bool from_file = !settled.error().where.starts_with("TIMESLICE_");
      return complain(settled.error(), from_file ? ExitCode::invalid_input : ExitCode::usage);
    }
    arguments = std::move(settled).value();
  }
  Console console{console_options(arguments)};
  ExitCode code = dispatch(commands, arguments, console);
  console.flush();
  if (const auto problem = console.problem()) {
    console.complain(*problem);
    code = worse(code, ExitCode::unexpected);
  }
  return code;
}

}  // namespace

int run_program(const std::vector<NamedCommand>& commands, int argc, char** argv) {
  try {
    watch_for_interrupts();
    const std::vector<std::string> words{argv + std::min(argc, 1), argv + argc};
    return static_cast<int>(run_words(commands, words));
  } catch (const std::bad_alloc&) {
    return static_cast<int>(complain({.where = {},
                                      .what = "not enough memory",
                                      .advice = "fewer items, points or kept timelines"},
                                     ExitCode::unexpected));
  } catch (const std::exception& problem) {
    return static_cast<int>(complain({.where = {},
                                      .what = fmt::format("unexpected failure: {}", problem.what()),
                                      .advice = "this is a bug; please report the command line"},
                                     ExitCode::unexpected));
  }
}

}  // namespace timeslice::tools
