// A run as tracks of named slices, counters and arrows: what trace viewers show, in no format yet.
//
// Tracks: each CPU (which thread), each thread (which state), each task (which item), each GIL (who
// holds it). Where things of one track overlap, as items of one task do, the track gets more lanes;
// slices of one lane never overlap. Times count from the earliest thing of the run, so that none is
// negative. Memory: about 40 bytes a slice.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "models/work/timings.hpp"

namespace timeslice::tools {

enum class TrackGroup : std::uint8_t { cpus, threads, tasks, gils, counters };
constexpr std::array<std::string_view, 5> track_group_names{"CPUs", "threads", "tasks", "GILs",
                                                            "counters"};

struct Track {
  TrackGroup group = TrackGroup::cpus;
  std::string name;
};

struct TrackSlice {
  std::uint32_t track = 0;  // index into tracks
  std::uint32_t name = 0;   // index into names
  std::int64_t start_ns = 0;
  std::int64_t end_ns = 0;
  std::int64_t item = -1;    // of a task; -1: not an item
  std::uint32_t worker = 0;  // of an item: index into names
};

/// A counter has this value from this time on.
struct CounterStep {
  std::uint32_t track = 0;
  std::int64_t time_ns = 0;
  std::int64_t value = 0;
};

/// A thread woke another one: from a moment on a track to the beginning of a slice.
struct WakeArrow {
  std::uint32_t from_track = 0;
  std::uint32_t to_slice = 0;  // index into slices
  std::int64_t time_ns = 0;
};

struct TrackModel {
  std::int64_t origin_ns = 0;  // time of the run that is 0 here; at most 0
  std::vector<std::string> names;
  std::vector<Track> tracks;          // by group, then in reading order
  std::vector<TrackSlice> slices;     // by track, then start
  std::vector<CounterStep> counters;  // by track, then time
  std::vector<WakeArrow> arrows;      // by time
};

[[nodiscard]] TrackModel track_model(const models::Timings& run);

/// The wake-ups of a run; found from its slices, without wakers, where it has none.
[[nodiscard]] std::vector<models::WakeTiming> wakes_of(const models::Timings& run);

/// "running", "ready", "blocked", "waits for the GIL".
[[nodiscard]] std::string_view state_label(models::SliceState state);

}  // namespace timeslice::tools
