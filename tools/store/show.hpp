// One run of a database as text: parameters, metrics, warnings and where it came from.
#pragma once

#include <string>
#include <variant>

#include "tools/store/store_error.hpp"

namespace timeslice::tools {

/// `run`: a number from v_run, a point's key (16 hex digits; its first run), or KEY:REP.
[[nodiscard]] std::variant<std::string, StoreError> show_run(const std::string& path,
                                                             const std::string& run);

}  // namespace timeslice::tools
