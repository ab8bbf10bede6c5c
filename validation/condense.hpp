// A validation over several files, taken apart and summed up again.
#pragma once

#include <cstddef>

#include "validation/validate.hpp"

namespace timeslice::validation {

/// Fills `all` and `groups` from the makespans of the points.
void condense(Validation& validation);

/// What `count` points from `first` on come to, with the notes and warnings of the whole.
[[nodiscard]] Validation slice_of(const Validation& whole, std::size_t first, std::size_t count);

}  // namespace timeslice::validation
