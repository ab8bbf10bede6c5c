// The human answer of `validate`: predicted beside measured, and how far off, three ways.
#pragma once

#include <string>

#include "validation/validate.hpp"

namespace timeslice::tools {

struct ValidationTextStyle {
  bool colour = false;
  bool details = false;  // -v: every compared metric, and what was calibrated
};

[[nodiscard]] std::string validation_text(const validation::Validation& result,
                                          const ValidationTextStyle& style);

/// Warnings about the host and the points, each once, one a line.
[[nodiscard]] std::string validation_warnings(const validation::Validation& result);

}  // namespace timeslice::tools
