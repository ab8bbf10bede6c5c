// Which steps fit which locks.
#pragma once

#include <optional>

#include "models/work/step.hpp"
#include "models/world_spec.hpp"
#include "sim/result.hpp"

namespace timeslice::models {

/// What is wrong with a `with`, `put`, `get`, `set`, `wait` or `barrier` step on `lock`; nothing:
/// they fit. `where` is left empty.
[[nodiscard]] std::optional<sim::Error> misuse(const LockSpec& lock, const Step& step);

}  // namespace timeslice::models
