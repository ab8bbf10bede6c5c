// SHA-256 (FIPS 180-4), for naming content: a file's text, a point's resolved scenario.
#pragma once

#include <string>
#include <string_view>

namespace timeslice::scenarios {

/// 64 hex digits.
[[nodiscard]] std::string sha256_hex(std::string_view text);

}  // namespace timeslice::scenarios
