// Every option of the program, once: parsing, --help, man page, completion and settings files are
// all made from this table and from the one of commands.
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

[[nodiscard]] std::span<const OptionSpec> option_table();

[[nodiscard]] const OptionSpec* find_option(std::string_view name);

/// Whether `option` may be given to `command`.
[[nodiscard]] bool belongs_to(const OptionSpec& option, std::string_view command);

/// The blank-separated words of a table field.
[[nodiscard]] std::vector<std::string> words(std::string_view text);

/// "TIMESLICE_TIME_LIMIT" for "time-limit".
[[nodiscard]] std::string environment_name(std::string_view option);

}  // namespace timeslice::tools
