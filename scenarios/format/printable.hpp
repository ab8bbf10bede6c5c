// Text of a file, made safe to print: a name cannot steer the terminal that shows it.
#pragma once

#include <string>
#include <string_view>

namespace timeslice::scenarios {

/// The text with control characters, escape sequences and broken UTF-8 replaced by "?". Line ends
/// and tabs become blanks.
[[nodiscard]] std::string safe_text(std::string_view text);

/// The same for text of several lines, whose line ends stay.
[[nodiscard]] std::string safe_lines(std::string_view text);

}  // namespace timeslice::scenarios
