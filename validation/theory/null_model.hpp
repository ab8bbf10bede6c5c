// The null model: what somebody would say who knows the work and the CPUs, and nothing else.
//
// A stage of the program (a map, or everything submitted until it is joined) takes as long as the
// longest of: its longest item; its CPU work over the CPUs (or the workers, if fewer); the bytecode
// of the main process, one after the other; all its items over the workers. Stages add up. No start
// costs, no switches, no messages. A prediction is worth what it does better than this.
#pragma once

#include "models/world_spec.hpp"
#include "validation/native/program.hpp"

namespace timeslice::validation {

struct NullPrediction {
  double makespan_ns = 0.0;
  double cpu_ns = 0.0;
};

/// CPU work is multiplied by `slowness` (the speed index of the run); waits are not.
[[nodiscard]] NullPrediction null_model(const models::WorldSpec& world,
                                        const NativeProgram& program, double slowness);

}  // namespace timeslice::validation
