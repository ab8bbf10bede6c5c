// A parsed command line: the command, its operands, and the value of each option with its origin.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/result.hpp"
#include "tools/cli/option_table.hpp"

namespace timeslice::tools {

struct OptionValue {
  std::vector<std::string> texts;  // a flag has none
  std::string origin;              // "--jobs", "TIMESLICE_JOBS", "timeslice.yaml:3"
};

/// Every value has been checked against the option table, so that reading one cannot fail.
struct Arguments {
  std::string command;  // empty: none was given
  std::vector<std::string> operands;
  std::map<std::string, OptionValue, std::less<>> options;
  std::string typed;  // the command line without the program, for the database

  [[nodiscard]] bool has(std::string_view option) const { return options.contains(option); }
  [[nodiscard]] std::optional<std::string> text(std::string_view option) const;
  [[nodiscard]] std::vector<std::string> texts(std::string_view option) const;
  [[nodiscard]] std::optional<std::uint64_t> count(std::string_view option) const;
  [[nodiscard]] std::optional<double> share(std::string_view option) const;  // 10% is 0.1
  [[nodiscard]] std::optional<std::chrono::nanoseconds> duration(std::string_view option) const;
};

/// Whether `text` is a value that `option` takes; an Error without a place if not.
[[nodiscard]] sim::Result<bool> check_value(const OptionSpec& option, const std::string& text);

}  // namespace timeslice::tools
