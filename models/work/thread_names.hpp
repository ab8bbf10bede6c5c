// Names of threads that belong to no executor: kills, real-time tasks, other programs. Reports tell
// threads by name alone, so no two may share one.
#pragma once

#include <string>

#include "models/work/context.hpp"

namespace timeslice::models {

/// `wanted`, or with the first number behind it that nobody has: "kill", "kill-1", "kill-2". Not a
/// name that an executor's thread could get later either. Cost: a look at each thread so far.
[[nodiscard]] std::string free_thread_name(const Context& world, const std::string& wanted);

/// "background", or longer where an executor is called so: no other program is named as a worker.
[[nodiscard]] std::string background_prefix(const WorldSpec& spec);

}  // namespace timeslice::models
