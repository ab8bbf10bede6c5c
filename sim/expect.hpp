// Checks for programmer errors. They stay on in release builds.
#pragma once

#include <source_location>
#include <string_view>

namespace timeslice::sim {

/// Prints where and why to stderr, then aborts.
[[noreturn]] void fail_expectation(std::string_view rule, const std::source_location& where);

/// Ends the program unless `holds`. `rule` states what must be true, as a sentence.
inline void expect(bool holds, std::string_view rule,
                   const std::source_location& where = std::source_location::current()) {
  if (!holds) [[unlikely]] {
    fail_expectation(rule, where);
  }
}

}  // namespace timeslice::sim
