// The queue of tests in which a policy has only one.
#pragma once

#include "models/os/policy.hpp"

namespace timeslice::models::os_bench {

inline constexpr QueueId queue{0};

}  // namespace timeslice::models::os_bench
