#include "models/machine/utf8.hpp"

#include <algorithm>
#include <array>

namespace timeslice::models {
namespace {

unsigned byte_at(std::string_view text, std::size_t i) {
  return static_cast<unsigned char>(text[i]);
}

/// One lead-byte range of Unicode's table 3-7: length and the range of the second byte.
struct Form {
  unsigned first_low;
  unsigned first_high;
  std::size_t length;
  unsigned second_low;
  unsigned second_high;
};

// The Unicode Standard 15.0, table 3-7, "Well-Formed UTF-8 Byte Sequences".
constexpr std::array<Form, 9> forms{{{0x00, 0x7F, 1, 0, 0},
                                     {0xC2, 0xDF, 2, 0x80, 0xBF},
                                     {0xE0, 0xE0, 3, 0xA0, 0xBF},
                                     {0xE1, 0xEC, 3, 0x80, 0xBF},
                                     {0xED, 0xED, 3, 0x80, 0x9F},
                                     {0xEE, 0xEF, 3, 0x80, 0xBF},
                                     {0xF0, 0xF0, 4, 0x90, 0xBF},
                                     {0xF1, 0xF3, 4, 0x80, 0xBF},
                                     {0xF4, 0xF4, 4, 0x80, 0x8F}}};

/// Length of the well-formed sequence at `i`; 0 if there is none.
std::size_t sequence_length(std::string_view text, std::size_t i) {
  const unsigned first = byte_at(text, i);
  const auto* const form = std::ranges::find_if(
      forms, [first](const Form& f) { return first >= f.first_low && first <= f.first_high; });
  if (form == forms.end() || i + form->length > text.size()) {
    return 0;
  }
  for (std::size_t k = 1; k < form->length; ++k) {
    const unsigned low = k == 1 ? form->second_low : 0x80;
    const unsigned high = k == 1 ? form->second_high : 0xBF;
    if (byte_at(text, i + k) < low || byte_at(text, i + k) > high) {
      return 0;
    }
  }
  return form->length;
}

}  // namespace

std::optional<std::size_t> first_bad_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = sequence_length(text, i);
    if (length == 0) {
      return i;
    }
    i += length;
  }
  return std::nullopt;
}

}  // namespace timeslice::models
