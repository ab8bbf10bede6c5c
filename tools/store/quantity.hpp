// A parameter's text as a number in a base unit, so that 900us sorts below 5ms. Internal.
#pragma once

#include <optional>
#include <string_view>

namespace timeslice::tools {

struct Quantity {
  double number = 0.0;
  std::string_view unit;  // ns, B, Hz, 1/s or ""
};

/// "8", "5ms", "64KiB", "2.6GHz", "150/s", "10%"; nothing for any other text.
[[nodiscard]] std::optional<Quantity> parse_quantity(std::string_view text);

}  // namespace timeslice::tools
