#include <string>
#include <string_view>

#include <fmt/format.h>

#include "tools/cli/command_table.hpp"
#include "tools/cli/help.hpp"
#include "tools/cli/option_table.hpp"

namespace timeslice::tools {
namespace {

// Text that troff would read as a request or an escape, made harmless.
std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '\\') {
      result += "\\e";
    } else if (c == '-') {
      result += "\\-";
    } else {
      result += c;
    }
  }
  const bool request = result.starts_with('.') || result.starts_with('\'');
  return request ? "\\&" + result : result;
}

std::string option_entry(const OptionSpec& option) {
  std::string text = ".TP\n";
  if (option.letter != '\0') {
    text += fmt::format("\\fB\\-{}\\fR, ", option.letter);
  }
  text += fmt::format("\\fB\\-\\-{}\\fR", escaped(option.name));
  if (option.kind != ValueKind::flag) {
    text += fmt::format(" \\fI{}\\fR", escaped(option.argument));
  }
  text += '\n' + escaped(option.help);
  if (!option.choices.empty()) {
    text += fmt::format(": {}", escaped(option.choices));
  }
  text += ".\n";
  if (!option.fallback.empty()) {
    text += fmt::format("Default: {}.\n", escaped(option.fallback));
  }
  if (option.setting) {
    text += fmt::format("Setting: {}, or {} in a settings file.\n", environment_name(option.name),
                        escaped(option.name));
  }
  return text;
}

std::string command_entry(const CommandSpec& command) {
  std::string text = fmt::format(".SS \"{}", escaped(command.name));
  for (const OperandSpec& operand : command.operands) {
    text += fmt::format(" {}", escaped(operand.name));
  }
  text += fmt::format("\"\n{}.\n", escaped(command.help));
  for (const OperandSpec& operand : command.operands) {
    text += fmt::format(".TP\n\\fI{}\\fR\n{}.\n", escaped(operand.name), escaped(operand.help));
  }
  for (const OptionSpec& option : option_table()) {
    if (option.commands != "*" && belongs_to(option, command.name)) {
      text += option_entry(option);
    }
  }
  return text + fmt::format(".PP\nExample: \\fB{}\\fR\n", escaped(command.example));
}

constexpr std::string_view exit_codes = R"(.SH EXIT STATUS
.TP
0
done
.TP
1
unexpected failure, such as a full disk
.TP
2
the command line is wrong
.TP
3
a scenario or another input file is invalid
.TP
4
the simulated or measured program failed (deadlock, timeout); wins over 5
.TP
5
a gate failed: an expectation, a tolerance
.TP
6
this machine cannot do that: no Python, no permission, too noisy
.TP
7
busy: another process holds the lock
.TP
130
interrupted; what was done is kept, and \-\-resume goes on
)";

constexpr std::string_view rest = R"(.SH ENVIRONMENT
.TP
TIMESLICE_MACHINES
directories with machine presets, separated by colons, searched first
.TP
NO_COLOR, TERM
a NO_COLOR that is not empty, or TERM=dumb, switches colours off
.TP
COLUMNS
width of the pictures where stdout is no terminal
.SH FILES
.TP
\&./timeslice.yaml
settings of a project: one \fIname: value\fR a line
.TP
$XDG_CONFIG_HOME/timeslice/config.yaml
settings of the user; ~/.config stands in for an unset variable
.TP
\&./timeslice.db
where run and validate store their results unless \-\-db or \-\-no\-db is given
)";

}  // namespace

std::string man_page(std::string_view version) {
  std::string text = fmt::format(
      ".TH TIMESLICE 1 \"\" \"timeslice {}\" \"User Commands\"\n"
      ".SH NAME\ntimeslice \\- predict how concurrent programs behave on a machine\n"
      ".SH SYNOPSIS\n\\fBtimeslice\\fR \\fICOMMAND\\fR [options]\n"
      ".SH DESCRIPTION\nSimulates cores, the Linux scheduler, CPython's GIL and its pools from "
      "one\n"
      "YAML scenario, deterministically, and compares the prediction with native runs.\n"
      "The result goes to stdout, everything else to stderr.\n"
      ".SH COMMANDS\n",
      escaped(version));
  for (const CommandSpec& command : command_table()) {
    text += command.instead.empty() ? command_entry(command) : "";
  }
  text += ".SH OPTIONS OF EVERY COMMAND\n";
  for (const OptionSpec& option : option_table()) {
    text += option.commands == "*" || option.commands.empty() ? option_entry(option) : "";
  }
  return text + std::string{exit_codes} + std::string{rest};
}

}  // namespace timeslice::tools
