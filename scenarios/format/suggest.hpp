// "Did you mean ...?": the closest known name to a misspelt one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace timeslice::scenarios {

/// Edits (insert, delete, replace, swap of neighbours) that turn `a` into `b`.
/// Cost: product of the lengths; both are cut at 64 bytes.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

/// The known names within a third of the length, the closest first, at most three.
[[nodiscard]] std::vector<std::string> near_names(std::string_view name,
                                                  const std::vector<std::string>& known);

/// "did you mean 'import_cost'?", else "known are: a, b, c" (at most `shown` of them).
[[nodiscard]] std::string suggestion(std::string_view name, const std::vector<std::string>& known,
                                     std::size_t shown = 12);

}  // namespace timeslice::scenarios
