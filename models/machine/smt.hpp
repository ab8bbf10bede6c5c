// What hardware threads of one core leave each other.
//
// A thread uses the part u of its core's capacity when alone. Together they saturate it as users
// saturate memory (models/machine/saturation.hpp, capacity 1), and all are slowed by the same
// factor. u follows from one measured pair: two equal threads do G times the work of one;
// u = (((2/G)^4 - 1) / 15)^(1/4): G 1.05 -> 0.95, 1.25 -> 0.78, 1.7 -> 0.49 (docs/models/smt.md).
// Cost: O(threads of the core).
#pragma once

#include <span>

namespace timeslice::models {

/// Part of a core that a thread uses alone if two like it reach `gain` together.
/// Requires: 1 <= gain <= 2.
[[nodiscard]] double core_use_of_gain(double gain);

/// What `threads` threads that use `use` each reach together, in units of one alone.
[[nodiscard]] double smt_gain_of(double use, double threads);

/// Speed of every thread beside the others, relative to alone: 1 for a lone one. `uses`: of all
/// busy threads of the core.
[[nodiscard]] double smt_speed(std::span<const double> uses);

}  // namespace timeslice::models
