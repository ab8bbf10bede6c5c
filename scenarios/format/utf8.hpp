// Is a text UTF-8 without NUL? If not: where it stops being so.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace timeslice::scenarios {

struct BadByte {
  std::uint32_t line = 1;
  std::uint32_t column = 1;
  std::string what;
};

/// The first byte that does not belong. One pass.
[[nodiscard]] std::optional<BadByte> find_bad_byte(std::string_view text);

/// `text` without a byte order mark at its start.
[[nodiscard]] std::string_view without_bom(std::string_view text);

}  // namespace timeslice::scenarios
