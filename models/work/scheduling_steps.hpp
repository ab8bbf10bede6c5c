// Steps with which a program talks to the scheduler: `yield` and `nice`.
//
// Both are one system call. Cost: one pooled coroutine frame each.
#pragma once

#include "models/python/process.hpp"
#include "models/work/step.hpp"
#include "sim/process.hpp"

namespace timeslice::models {

/// sched_yield(2). Python drops the GIL around it from 3.10 on (gh-96078, of late 2022; older
/// patch releases of 3.10 and 3.11 keep it), and keeps it before.
[[nodiscard]] sim::Process<> run_yield(Actor& actor);

/// setpriority(2) for the thread that calls it; Python keeps the GIL. What it creates from now on
/// begins with that level, unless the scenario gives it one of its own.
[[nodiscard]] sim::Process<> run_nice(Actor& actor, const NiceStep& step);

/// Whether a program that does `step` stays able to run: it neither works nor waits.
[[nodiscard]] bool stays_able(const Step& step);

}  // namespace timeslice::models
