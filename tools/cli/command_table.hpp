// Every command of the program, once: parsing, --help, man page and completion are made from this
// table and from the one of options.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace timeslice::tools {

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

[[nodiscard]] std::span<const CommandSpec> command_table();
[[nodiscard]] const CommandSpec* find_command(std::string_view name);

}  // namespace timeslice::tools
