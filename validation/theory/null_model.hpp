// The null model: what somebody would say who knows the work and the CPUs, and nothing else.
//
// A program takes as long as the longest of: its longest task, main being one of them; its CPU work
// over the CPUs of the machine; and the bytecode of processes that have a GIL, one after the other
// in each. No workers, no waiting for results, no start costs, no switches, no messages. A
// prediction is worth what it does better than this.
#pragma once

#include "models/world_spec.hpp"
#include "validation/native/program.hpp"

namespace timeslice::validation {

struct NullPrediction {
  double makespan_ns = 0.0;
  double cpu_ns = 0.0;
};

/// CPU work is multiplied by `slowness` (the speed index of the run); waits are not.
/// Cost: one pass over all items.
[[nodiscard]] NullPrediction null_model(const models::WorldSpec& world,
                                        const NativeProgram& program, double slowness);

}  // namespace timeslice::validation
