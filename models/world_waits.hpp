// Why a run cannot go on: who waits for what, and who is kept off all CPUs. Cost: a look at each
// thread.
#pragma once

#include <string>

#include "models/work/context.hpp"

namespace timeslice::models {

/// Who waits for what, main first: why a run cannot go on.
[[nodiscard]] std::string describe_waits(Context& world);

/// Which threads of the program are ready but kept off all CPUs by background programs, main first,
/// and the way out. Empty: none, or no background program runs.
[[nodiscard]] std::string describe_starvation(Context& world);

}  // namespace timeslice::models
