// Reads lists of steps: the bodies of tasks, and main.
#pragma once

#include "models/work/step.hpp"
#include "scenarios/format/world_names.hpp"

namespace timeslice::scenarios {

/// What steps may use: names, and whether there is a Python to run bytecode.
struct StepContext {
  const Reading& reading;
  WorldNames& names;
  bool has_python = true;
};

/// The steps of one program, numbered in reading order from 0.
[[nodiscard]] models::Steps read_steps(const StepContext& context, const Node& node);

}  // namespace timeslice::scenarios
