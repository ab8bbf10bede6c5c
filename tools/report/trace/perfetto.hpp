// A run as a Perfetto trace: TrackEvent packets, which https://ui.perfetto.dev opens.
//
// Each group of tracks (CPUs, threads, tasks, GILs, counters) is a track with its tracks below it;
// a wake-up is an instant on the waker's thread and a flow to what the woken thread does next.
// Packets are in order of time. Cost: 20-40 bytes a packet, two packets a slice; about 0.5 us each.
#pragma once

#include "tools/report/trace/byte_sink.hpp"
#include "tools/report/trace/track_model.hpp"

namespace timeslice::tools {

void write_perfetto(const TrackModel& model, const ByteSink& sink);

}  // namespace timeslice::tools
