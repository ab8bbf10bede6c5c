// A run as the text of Linux' ftrace: sched_waking, sched_wakeup(_new), sched_migrate_task and
// sched_switch, as Perfetto, systrace viewers and scripts for perf and trace-cmd read it.
//
// Each thread gets a pid by order of appearance, from 1 on; pid 0 is the idle task. prev_state is
// R where the thread could go on, S where it waits, X where it ended. Times count from the run's
// earliest event, in seconds with nine decimals. Who waits for a GIL is asleep (S): so it is for
// the kernel. A thread migrates when it is switched in on another CPU than before.
#pragma once

#include "models/work/timings.hpp"
#include "tools/report/trace/byte_sink.hpp"

namespace timeslice::tools {

void write_ftrace(const models::Timings& run, const ByteSink& sink);

}  // namespace timeslice::tools
