// Keys that change nothing: a doubt about the result, never silence.
#pragma once

#include <string>
#include <vector>

#include "scenarios/format/fields.hpp"
#include "scenarios/format/read_character.hpp"

namespace timeslice::models {
struct WorldSpec;
}

namespace timeslice::scenarios {

/// One warning for each key of the map `executor` that its kind ignores. Not for values that are
/// the default anyway, nor for `workers` where a sweep sets the kind: serial baselines share it.
void warn_without_effect(const Reading& reading, const std::string& name, const Node& executor);

/// One warning that names the keys of the scenario's own `machine` map that nothing feels, because
/// no step of a program that computes has a memory character. Machine files and presets describe
/// machines for every scenario: there such keys are no surprise to anybody and no warning.
void warn_unfelt(const Reading& reading, const Node& machine, const models::WorldSpec& world);

/// What a scenario relies on and the machine does not say: memory steps, `work` without a clock, a
/// turbo table that ends early.
void warn_of_memory(const Characters& characters, const models::WorldSpec& world,
                    std::vector<std::string>& warnings);

}  // namespace timeslice::scenarios
