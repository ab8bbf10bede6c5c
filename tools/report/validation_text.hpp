// The human answer of `validate`: predicted beside measured, and how far off, three ways.
#pragma once

#include <optional>
#include <string>

#include "validation/validate.hpp"

namespace timeslice::tools {

struct ValidationTextStyle {
  bool colour = false;
  bool details = false;  // -v: every compared metric, and what was calibrated
};

[[nodiscard]] std::string validation_text(const validation::Validation& result,
                                          const ValidationTextStyle& style);

/// How far off the makespans are, in all and by class.
[[nodiscard]] std::string validation_summary(const validation::Validation& result, bool colour);

/// "workers=4", or the number of a point without parameters.
[[nodiscard]] std::string params_of(const validation::PointValidation& point);

/// "+4.2 %", or "-".
[[nodiscard]] std::string signed_share(const std::optional<double>& share);

/// Warnings about the host and the points, each once, one a line.
[[nodiscard]] std::string validation_warnings(const validation::Validation& result);

}  // namespace timeslice::tools
