#include <string>
#include <string_view>

#include <fmt/format.h>

#include "sim/expect.hpp"
#include "tools/cli/command_table.hpp"
#include "tools/cli/help.hpp"
#include "tools/cli/option_table.hpp"

namespace timeslice::tools {
namespace {

std::string commands_there() {
  std::string text;
  for (const CommandSpec& command : command_table()) {
    text += command.instead.empty() ? fmt::format("{} ", command.name) : "";
  }
  return text;
}

std::string flags_of(std::string_view command) {
  std::string text;
  for (const OptionSpec& option : option_table()) {
    const bool fits = command.empty() ? option.commands == "*" || option.commands.empty()
                                      : belongs_to(option, command);
    text += fits ? fmt::format("--{} ", option.name) : "";
  }
  return text;
}

// Cases of one `case` over the previous word: what may follow an option.
std::string bash_values() {
  std::string text;
  for (const OptionSpec& option : option_table()) {
    std::string pattern = fmt::format("--{}", option.name);
    pattern += option.letter == '\0' ? "" : fmt::format("|-{}", option.letter);
    if (option.name == "machine") {
      text += fmt::format(
          "    {})\n      COMPREPLY=($(compgen -W \"$(timeslice machine list 2>/dev/null |\n"
          "        awk 'NR > 1 {{print $1}}')\" -f -- \"$word\"))\n      return ;;\n",
          pattern);
    } else if (option.kind == ValueKind::choice) {
      text += fmt::format("    {}) COMPREPLY=($(compgen -W '{}' -- \"$word\")); return ;;\n",
                          pattern, option.choices);
    } else if (option.kind == ValueKind::file) {
      text += fmt::format("    {}) COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n", pattern);
    } else if (option.kind != ValueKind::flag) {
      text += fmt::format("    {}) return ;;\n", pattern);
    }
  }
  return text;
}

std::string bash_commands() {
  std::string text;
  for (const CommandSpec& command : command_table()) {
    if (!command.instead.empty()) {
      continue;
    }
    std::string operands;
    for (const OperandSpec& operand : command.operands) {
      operands += operand.choices.empty() ? "" : fmt::format("{} ", operand.choices);
    }
    text += fmt::format("    {}) options='{}'; operands='{}' ;;\n", command.name,
                        flags_of(command.name), operands);
  }
  return text;
}

std::string bash_script() {
  return "# bash completion for timeslice: eval \"$(timeslice --completion bash)\"\n"
         "_timeslice() {\n"
         "  local word=\"${COMP_WORDS[COMP_CWORD]}\" previous=\"${COMP_WORDS[COMP_CWORD-1]}\"\n"
         "  local command='' options='' operands='' index\n"
         "  COMPREPLY=()\n"
         "  case \"$previous\" in\n" +
         bash_values() +
         "  esac\n"
         "  for ((index = 1; index < COMP_CWORD; index++)); do\n"
         "    case \"${COMP_WORDS[index]}\" in -*) ;; *) command=\"${COMP_WORDS[index]}\"; break "
         ";; "
         "esac\n"
         "  done\n"
         "  case \"$command\" in\n" +
         fmt::format("    '') options='{}'; operands='{}' ;;\n", flags_of({}), commands_there()) +
         bash_commands() +
         "  esac\n"
         "  case \"$word\" in\n"
         "    -*) COMPREPLY=($(compgen -W \"$options\" -- \"$word\")) ;;\n"
         "    *)\n"
         "      COMPREPLY=($(compgen -W \"$operands\" -- \"$word\"))\n"
         "      [ -z \"$command\" ] || COMPREPLY+=($(compgen -f -- \"$word\")) ;;\n"
         "  esac\n"
         "}\n"
         "complete -o filenames -F _timeslice timeslice\n";
}

// Text inside single quotes and brackets of zsh's _arguments.
std::string zsh_text(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '\'') {
      result += "'\\''";
    } else if (c == '[' || c == ']' || c == ':') {
      result += '\\';
      result += c;
    } else {
      result += c;
    }
  }
  return result;
}

std::string zsh_option(const OptionSpec& option) {
  std::string value;
  if (option.kind == ValueKind::choice) {
    value = fmt::format(":{}:({})", zsh_text(option.argument), option.choices);
  } else if (option.kind == ValueKind::file || option.name == "machine") {
    value = fmt::format(":{}:_files", zsh_text(option.argument));
  } else if (option.kind != ValueKind::flag) {
    value = fmt::format(":{}: ", zsh_text(option.argument));
  }
  const std::string many = option.repeatable ? "*" : "";
  std::string text =
      fmt::format(" \\\n      '{}--{}[{}]{}'", many, option.name, zsh_text(option.help), value);
  if (option.letter != '\0') {
    text +=
        fmt::format(" \\\n      '{}-{}[{}]{}'", many, option.letter, zsh_text(option.help), value);
  }
  return text;
}

std::string zsh_script() {
  std::string text =
      "#compdef timeslice\n# zsh completion for timeslice: eval \"$(timeslice --completion "
      "zsh)\"\n_timeslice() {\n  local -a commands\n  commands=(\n";
  for (const CommandSpec& command : command_table()) {
    text += command.instead.empty()
                ? fmt::format("    '{}:{}'\n", command.name, zsh_text(command.help))
                : "";
  }
  text +=
      "  )\n  if (( CURRENT == 2 )); then\n    _describe command commands\n    return\n  fi\n"
      "  local command=\"$words[2]\"\n  shift words\n  (( CURRENT-- ))\n  case \"$command\" in\n";
  for (const CommandSpec& command : command_table()) {
    if (!command.instead.empty()) {
      continue;
    }
    text += fmt::format("    {}) _arguments", command.name);
    for (const OptionSpec& option : option_table()) {
      text += belongs_to(option, command.name) ? zsh_option(option) : "";
    }
    for (const OperandSpec& operand : command.operands) {
      const std::string_view many = command.operands_max > command.operands.size() ? "*" : "";
      text +=
          fmt::format(" \\\n      '{}:{}:{}'", many, zsh_text(operand.name),
                      operand.choices.empty() ? "_files" : fmt::format("({})", operand.choices));
    }
    text += " ;;\n";
  }
  return text + "  esac\n}\ncompdef _timeslice timeslice\n";
}

}  // namespace

std::string completion_script(std::string_view shell) {
  sim::expect(shell == "bash" || shell == "zsh", "completion exists for bash and zsh");
  return shell == "bash" ? bash_script() : zsh_script();
}

}  // namespace timeslice::tools
