// What threads did, simulated beside recorded: a table a point.
#pragma once

#include <string>

#include "tools/report/validation_text.hpp"
#include "validation/validate.hpp"

namespace timeslice::tools {

/// "" when no point has a timeline. With details: also every role's own numbers.
[[nodiscard]] std::string timeline_text(const validation::Validation& result,
                                        const ValidationTextStyle& style);

}  // namespace timeslice::tools
