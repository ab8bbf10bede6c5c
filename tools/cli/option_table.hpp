// Every command and option of the program, once: parsing, --help, man page, completion and settings
// files are all made from these two tables.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace timeslice::tools {

/// What the text after an option must look like.
enum class ValueKind { flag, text, file, count, duration, percent, choice, assignment };

struct OptionSpec {
  std::string_view name;  // without dashes
  char letter = '\0';     // the short form, or none
  ValueKind kind = ValueKind::flag;
  std::string_view argument = {};  // how help calls the value: "N", "F"
  std::string_view help = {};
  std::string_view commands =
      {};  // blank-separated; "*": all of them, and before the command as well
  std::string_view fallback = {};  // built-in default, for people
  std::string_view choices = {};   // of ValueKind::choice, blank-separated
  std::uint64_t lowest = 0;        // of ValueKind::count
  std::uint64_t highest = UINT64_MAX;
  bool repeatable = false;
  bool setting = false;  // may also come from TIMESLICE_NAME and from settings files
};

struct OperandSpec {
  std::string_view name;     // "FILE..."
  std::string_view choices;  // blank-separated, for completion; empty: a file
  std::string_view help = {};
};

struct CommandSpec {
  std::string_view name;
  std::string_view help;  // one line
  std::vector<OperandSpec> operands;
  std::size_t operands_min = 0;
  std::size_t operands_max = 0;  // SIZE_MAX: any number
  std::string_view example;
  std::string_view instead;  // not in this version: what to use until then; empty: it is there
};

[[nodiscard]] std::span<const OptionSpec> option_table();
[[nodiscard]] std::span<const CommandSpec> command_table();

[[nodiscard]] const CommandSpec* find_command(std::string_view name);
[[nodiscard]] const OptionSpec* find_option(std::string_view name);

/// Whether `option` may be given to `command`.
[[nodiscard]] bool belongs_to(const OptionSpec& option, std::string_view command);

/// The blank-separated words of a table field.
[[nodiscard]] std::vector<std::string> words(std::string_view text);

/// "TIMESLICE_TIME_LIMIT" for "time-limit".
[[nodiscard]] std::string environment_name(std::string_view option);

}  // namespace timeslice::tools
