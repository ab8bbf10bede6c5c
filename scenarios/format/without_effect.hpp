// Keys that change nothing: a doubt about the result, never silence.
#pragma once

#include <string>

#include "scenarios/format/fields.hpp"

namespace timeslice::models {
struct WorldSpec;
}

namespace timeslice::scenarios {

/// One warning for each key of the map `executor` that its kind ignores. Not for values that are
/// the default anyway, nor for `workers` where a sweep sets the kind: serial baselines share it.
void warn_without_effect(const Reading& reading, const std::string& name, const Node& executor);

/// One warning that names the keys of the scenario's own `machine` map which no model of this
/// version uses, if the program computes at all. Machine files and presets describe machines for
/// later versions as well: there such keys are no surprise to anybody and no warning.
void warn_not_modelled(const Reading& reading, const Node& machine, const models::WorldSpec& world);

}  // namespace timeslice::scenarios
