// Keys of an executor that its kind has no use for: a doubt about the result, never silence.
#pragma once

#include <string>

#include "scenarios/format/fields.hpp"

namespace timeslice::scenarios {

/// One warning for each key of the map `executor` that its kind ignores. Not for values that are
/// the default anyway, nor for `workers` where a sweep sets the kind: serial baselines share it.
void warn_without_effect(const Reading& reading, const std::string& name, const Node& executor);

}  // namespace timeslice::scenarios
