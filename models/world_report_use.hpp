// What a report says about the use of CPUs, cores, GILs and groups, by thread and in all, in the
// span of the makespan.
#pragma once

#include "models/work/context.hpp"
#include "models/work/timings.hpp"
#include "models/world_report.hpp"

namespace timeslice::models {

/// `cpu_time`, `switches_*`, `migrations`, `gil_*`, `cpu_utilization`, `core_busy`, `state_*`,
/// `idle_while_runnable`, `group_cpu_time`, `quota_*` and `throttled_time`. Background threads
/// count in what is said of CPUs, cores and groups, not in the totals over threads.
void add_use(Context& world, const MainSpan& span, Timings& timings);

}  // namespace timeslice::models
