// Reads lists of steps: the bodies of tasks, and main.
#pragma once

#include "models/work/step.hpp"
#include "scenarios/format/read_character.hpp"
#include "scenarios/format/world_names.hpp"

namespace timeslice::scenarios {

/// What steps may use: names, a Python to run bytecode; and whether they are main's.
struct StepContext {
  const Reading& reading;
  WorldNames& names;
  Characters& characters;
  bool has_python = true;
  std::size_t main_cpus = 0;  // steps of main: how many CPUs there are; 0: of a task
};

/// The steps of one program, numbered in reading order from 0.
[[nodiscard]] models::Steps read_steps(const StepContext& context, const Node& node);

}  // namespace timeslice::scenarios
