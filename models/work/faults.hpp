// Faults that a scenario brings about: a worker process that is killed at some time.
#pragma once

#include "models/python/process.hpp"
#include "models/work/step.hpp"

namespace timeslice::models {

/// `kill: {executor, worker, at}`: somebody outside of the program sends SIGKILL then; `actor` goes
/// on at once. Without such a worker at that time nothing happens, and the result says so.
void plan_kill(Actor& actor, const KillStep& step);

}  // namespace timeslice::models
