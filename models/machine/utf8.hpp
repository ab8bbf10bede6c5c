// Checks that text is plain UTF-8, before anything else looks at it.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace timeslice::models {

/// Offset of the first byte that is not part of well-formed UTF-8 (overlong forms, surrogates and
/// numbers above U+10FFFF count as malformed); nothing when all is well. Linear, no allocation.
[[nodiscard]] std::optional<std::size_t> first_bad_utf8(std::string_view text);

}  // namespace timeslice::models
