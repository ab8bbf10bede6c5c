// A run's timeline as one CSV table, for pandas and spreadsheets.
//
// record says what a row is: slice (what a thread did: state, cpu), task (an item on its worker,
// from started to finished), wake (partner: the waker), gil (a process' GIL; partner: who held it).
// Times are ns since main's first step and may be negative. Fields that say nothing are empty.
#pragma once

#include "models/work/timings.hpp"
#include "tools/report/trace/byte_sink.hpp"

namespace timeslice::tools {

void write_timeline_csv(const models::Timings& run, const ByteSink& sink);

}  // namespace timeslice::tools
