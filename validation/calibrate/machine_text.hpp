// A machine file as text: what was there, with findings laid over it.
//
// Pure: text in, text out. Values that calibration did not find stay; comments of the old file do
// not. The loader reads the result back (scenarios/format/machine_loader.cpp).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/result.hpp"
#include "validation/calibrate/finding.hpp"

namespace timeslice::validation {

/// `base` (a machine file, without errors) with the findings and, above, `remarks` as comments.
/// Errors: `base` is no YAML map.
[[nodiscard]] sim::Result<std::string> machine_text(std::string_view base,
                                                    const std::vector<Finding>& findings,
                                                    const std::vector<std::string>& remarks);

}  // namespace timeslice::validation
