// Switch, creation and exit records of perf_event_open(2) in, and those into a RecordBuilder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "validation/native/recorder/record_builder.hpp"

namespace timeslice::validation {

struct PerfEvent {
  enum class Kind : std::uint8_t { in, slept, preempted, created, exited };
  std::int64_t time_ns = 0;
  std::int32_t cpu = 0;
  std::int32_t process = 0;
  std::int32_t thread = 0;
  std::int32_t parent = 0;  // created: the thread that made it
  bool same_process = false;
  Kind kind = Kind::in;
};

struct PerfRecords {
  std::vector<PerfEvent> events;
  std::uint64_t lost = 0;    // as the kernel counted them
  std::uint64_t broken = 0;  // records cut off
};

/// Appends what `bytes` hold: whole records with thread, time and CPU at their end.
void read_perf_records(std::span<const std::byte> bytes, PerfRecords& into);

/// Sorts the events by time and tells those of other processes than `watcher` to `builder`.
void replay(const std::vector<PerfEvent>& events, std::int32_t watcher, RecordBuilder& builder);

}  // namespace timeslice::validation
