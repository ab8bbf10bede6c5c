// Parameters of a point as a JSON object: numbers as numbers, everything else as text.
#pragma once

#include <optional>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "scenarios/format/scenario.hpp"

namespace timeslice::tools {

/// The parameters in their order; "8" and "0.5" become numbers, "on" and "5ms" stay text.
[[nodiscard]] nlohmann::ordered_json params_json(const scenarios::Params& params);

/// The number that the whole text is in decimal notation; nothing for "8x", "0x10", "inf" or "".
[[nodiscard]] std::optional<double> plain_number(std::string_view text);

}  // namespace timeslice::tools
