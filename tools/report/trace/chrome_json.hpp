// A run in the JSON trace format of Chromium, which Perfetto and chrome://tracing read: the second
// choice beside perfetto.hpp, five times as large, but text.
//
// Each group of tracks is a "process", each track a "thread" of it; complete events ("X") of one
// track never overlap. Times are microseconds with three decimals, so nanoseconds are kept.
#pragma once

#include "tools/report/trace/byte_sink.hpp"
#include "tools/report/trace/track_model.hpp"

namespace timeslice::tools {

void write_chrome_json(const TrackModel& model, const ByteSink& sink);

}  // namespace timeslice::tools
