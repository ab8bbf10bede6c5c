#include "scenarios/format/utf8.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace timeslice::scenarios {
namespace {

/// Length of the well-formed character at `at`; 0: there is none.
std::size_t character_length(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) {
    return at + i < text.size() ? static_cast<unsigned>(static_cast<unsigned char>(text[at + i]))
                                : 0U;
  };
  const unsigned first = byte(0);
  if (first < 0x80U) {
    return 1;
  }
  const std::size_t length = first >= 0xF0U ? 4 : first >= 0xE0U ? 3 : 2;
  if (first < 0xC2U || first > 0xF4U) {
    return 0;
  }
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) {
      return 0;
    }
  }
  // Too long a form, a surrogate half, or past the last code point.
  const bool wrong = (first == 0xE0U && byte(1) < 0xA0U) || (first == 0xEDU && byte(1) > 0x9FU) ||
                     (first == 0xF0U && byte(1) < 0x90U) || (first == 0xF4U && byte(1) > 0x8FU);
  return wrong ? 0 : length;
}

}  // namespace

std::optional<BadByte> find_bad_byte(std::string_view text) {
  std::uint32_t line = 1;
  std::size_t line_start = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = character_length(text, at);
    if (length == 0 || text[at] == '\0') {
      const auto byte = static_cast<unsigned>(static_cast<unsigned char>(text[at]));
      return BadByte{.line = line,
                     .column = static_cast<std::uint32_t>(at - line_start) + 1,
                     .what = length == 0 ? fmt::format("byte 0x{:02x} is not UTF-8", byte)
                                         : std::string{"the text holds a NUL byte"}};
    }
    if (text[at] == '\n') {
      ++line;
      line_start = at + 1;
    }
    at += length;
  }
  return std::nullopt;
}

std::string_view without_bom(std::string_view text) {
  return text.starts_with("\xEF\xBB\xBF") ? text.substr(3) : text;
}

}  // namespace timeslice::scenarios
