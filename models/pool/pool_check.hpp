// What CPython itself refuses about pools of processes and interpreters.
#pragma once

#include <vector>

#include "models/pool/executor_spec.hpp"
#include "models/python/runtime_spec.hpp"
#include "sim/result.hpp"

namespace timeslice::models {

/// Errors of one executor, without a place.
[[nodiscard]] std::vector<sim::Error> check_process_pool(const ExecutorSpec& executor,
                                                         const RuntimeSpec& runtime);

}  // namespace timeslice::models
