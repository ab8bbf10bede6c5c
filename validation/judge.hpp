// Native runs beside their predictions: what every point of a validation comes to.
//
// Runs nothing natively, so the same runs can be judged again by another model. Cost: some
// simulations an accepted run (predictor.hpp).
#pragma once

#include <vector>

#include "scenarios/runner.hpp"
#include "validation/native_side.hpp"
#include "validation/validate.hpp"

namespace timeslice::validation {

/// Requires: `side` has the runs of each of the points.
[[nodiscard]] Validation judge(const std::vector<scenarios::Point>& points,
                               const ValidateOptions& options, const NativeSide& side,
                               scenarios::Runner& simulated);

}  // namespace timeslice::validation
