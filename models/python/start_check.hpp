// What can be said of start methods before a run: mistakes, and doubts about the numbers.
#pragma once

#include <optional>

#include "models/pool/executor_spec.hpp"
#include "models/python/runtime_spec.hpp"
#include "sim/result.hpp"

namespace timeslice::models {

struct Context;

/// What is wrong with how `executor`, which has workers in processes, starts them; `where` is for
/// the caller to fill in.
[[nodiscard]] std::optional<sim::Error> wrong_start(const ExecutorSpec& executor,
                                                    const RuntimeSpec& runtime);

/// Adds to the result of a run which of its start costs and sizes nobody vouches for.
void add_start_doubts(Context& world);

}  // namespace timeslice::models
