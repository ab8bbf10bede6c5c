#include "tools/cli/help.hpp"

#include <cstddef>
#include <vector>

#include <fmt/format.h>

#include "sim/expect.hpp"
#include "tools/cli/command_table.hpp"
#include "tools/cli/option_table.hpp"

namespace timeslice::tools {
namespace {

constexpr std::size_t help_columns = 96;
constexpr std::size_t name_columns = 12;
constexpr std::size_t option_columns = 28;

std::string option_forms(const OptionSpec& option) {
  std::string text = option.letter == '\0' ? "    " : fmt::format("-{}, ", option.letter);
  text += "--" + std::string{option.name};
  return option.kind == ValueKind::flag ? text : fmt::format("{} {}", text, option.argument);
}

// `text` from column `indent` on, broken at blanks; the first line continues where it stands.
std::string wrapped(std::string_view text, std::size_t indent) {
  std::string result;
  std::size_t column = indent;
  for (const std::string& word : words(text)) {
    if (column != indent && column + 1 + word.size() > help_columns) {
      result += '\n' + std::string(indent, ' ');
      column = indent;
    } else if (column != indent) {
      result += ' ';
      ++column;
    }
    result += word;
    column += word.size();
  }
  return result;
}

std::string explanation(const OptionSpec& option) {
  std::string text{option.help};
  if (!option.choices.empty()) {
    text += ": ";
    for (const std::string& word : words(option.choices)) {
      text += (text.ends_with(": ") ? "" : ", ") + word;
    }
  }
  return option.fallback.empty() ? text : text + fmt::format(" (default: {})", option.fallback);
}

std::string option_line(const OptionSpec& option) {
  return fmt::format("  {:<{}} {}\n", option_forms(option), option_columns,
                     wrapped(explanation(option), option_columns + 3));
}

std::string options_of(std::string_view command, bool common) {
  std::string text;
  for (const OptionSpec& option : option_table()) {
    const bool for_all = option.commands == "*";
    if (common ? for_all : !for_all && belongs_to(option, command)) {
      text += option_line(option);
    }
  }
  return text;
}

std::string operand_names(const CommandSpec& command) {
  std::string text;
  for (std::size_t index = 0; index < command.operands.size(); ++index) {
    const auto& name = command.operands[index].name;
    text += index < command.operands_min ? fmt::format(" {}", name) : fmt::format(" [{}]", name);
  }
  return text;
}

}  // namespace

std::string program_help() {
  std::string text =
      "timeslice predicts how a concurrent program behaves on a machine.\n\n"
      "usage: timeslice COMMAND [options]\n\ncommands\n";
  std::string later;
  for (const CommandSpec& command : command_table()) {
    if (command.instead.empty()) {
      text += fmt::format("  {:<{}} {}\n", command.name, name_columns, command.help);
    } else {
      later += fmt::format("{}{}", later.empty() ? "" : ", ", command.name);
    }
  }
  text += "  later: " + wrapped(later, 9) + "\n\noptions of every command\n";
  text += options_of({}, true) + "\nother options\n";
  for (const OptionSpec& option : option_table()) {
    text += option.commands.empty() ? option_line(option) : "";
  }
  text +=
      "\n`timeslice COMMAND --help` explains a command. An option that says so in the manual\n"
      "(`timeslice --man | man -l -`) may also be set by TIMESLICE_NAME, by `name: value` in\n"
      "./timeslice.yaml, or in ~/.config/timeslice/config.yaml; the first of these wins.\n";
  return text;
}

std::string command_help(std::string_view name) {
  const CommandSpec* command = find_command(name);
  sim::expect(command != nullptr, "help is asked for a command that exists");
  if (!command->instead.empty()) {
    return fmt::format("timeslice {}: {}. Not in this version yet.\nInstead: {}\n", name,
                       command->help, command->instead);
  }
  std::string text = fmt::format("timeslice {}: {}\n\nusage: timeslice {}{} [options]\n", name,
                                 command->help, name, operand_names(*command));
  for (const OperandSpec& operand : command->operands) {
    text += fmt::format("  {:<{}} {}\n", operand.name, name_columns,
                        wrapped(operand.help, name_columns + 3));
  }
  const std::string own = options_of(name, false);
  text += own.empty() ? "" : "\noptions\n" + own;
  text += "\noptions of every command\n" + options_of({}, true);
  return text + fmt::format("\nexample: {}\n", command->example);
}

}  // namespace timeslice::tools
