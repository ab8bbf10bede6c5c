// How much work a scenario has in all, whoever does it: what two designs must share before one may
// be called so many times faster than the other.
//
// Means of the nominal durations, over main and everything that it hands over; background programs
// are left out. Cost: one pass over the steps of each task, however many items there are.
#pragma once

#include "models/world_spec.hpp"

namespace timeslice::models {

struct NominalWork {
  double cpu_ns = 0.0;   // python, native and memory steps
  double wait_ns = 0.0;  // io and sleep steps
};

/// Requires: no task starts itself (the loader refuses that).
[[nodiscard]] NominalWork nominal_work(const WorldSpec& world);

/// Whether two amounts are the same but for the rounding of durations to nanoseconds.
[[nodiscard]] bool same_work(const NominalWork& a, const NominalWork& b);

}  // namespace timeslice::models
