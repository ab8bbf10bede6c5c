// Time spent in the kernel, as work that a program awaits.
#pragma once

#include "models/os/dispatcher.hpp"

namespace timeslice::models {

[[nodiscard]] inline Work kernel_work(sim::Duration cost) {
  return {.kind = WorkKind::kernel, .nominal_ns = static_cast<double>(cost.count())};
}

}  // namespace timeslice::models
