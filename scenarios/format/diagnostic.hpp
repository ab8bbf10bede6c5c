// What is wrong with a scenario file: place, reason and way out, as text with a caret.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace timeslice::scenarios {

/// A place in a file; line and column count from 1, 0: not known.
struct Place {
  std::string file;
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::uint32_t width = 1;  // columns to underline
};

struct Diagnostic {
  Place place;
  std::string code;    // "E-unit"
  std::string what;    // "'import_cost' needs a unit"
  std::string advice;  // "write 120ms, 120us or 120s"
  std::string source_line;
};
using Diagnostics = std::vector<Diagnostic>;

/// The diagnostic as the contract prints it: file:line:column, reason, source line, caret, advice.
[[nodiscard]] std::string to_text(const Diagnostic& diagnostic);

/// All of them, in file order, without repeats.
[[nodiscard]] std::string to_text(const Diagnostics& diagnostics);

}  // namespace timeslice::scenarios
