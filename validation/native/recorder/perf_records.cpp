#include "validation/native/recorder/perf_records.hpp"

#include <algorithm>
#include <cstring>

#include <linux/perf_event.h>

#include "validation/native/recorder/by_time.hpp"

namespace timeslice::validation {

namespace {

/// At the end of every record with sample_id_all and TID, TIME, CPU: perf_event_open(2).
struct Tail {
  std::uint32_t process = 0;
  std::uint32_t thread = 0;
  std::uint64_t time_ns = 0;
  std::uint32_t cpu = 0;
  std::uint32_t unused = 0;
};

/// Body of a fork or exit record.
struct Relation {
  std::uint32_t process = 0;
  std::uint32_t parent_process = 0;
  std::uint32_t thread = 0;
  std::uint32_t parent_thread = 0;
};

template <typename T>
T copy_at(std::span<const std::byte> bytes, std::size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

void add_record(const perf_event_header& header, std::span<const std::byte> record,
                PerfRecords& into) {
  const bool relation = header.type == PERF_RECORD_FORK || header.type == PERF_RECORD_EXIT;
  const std::size_t least =
      sizeof header + sizeof(Tail) + (relation ? sizeof(Relation) + sizeof(std::uint64_t) : 0);
  if (!relation && header.type != PERF_RECORD_SWITCH) {
    return;
  }
  if (record.size() < least) {
    ++into.broken;
    return;
  }
  const Tail tail = copy_at<Tail>(record, record.size() - sizeof(Tail));
  PerfEvent event{.time_ns = static_cast<std::int64_t>(tail.time_ns),
                  .cpu = static_cast<std::int32_t>(tail.cpu),
                  .process = static_cast<std::int32_t>(tail.process),
                  .thread = static_cast<std::int32_t>(tail.thread)};
  if (relation) {
    const auto who = copy_at<Relation>(record, sizeof header);
    event.kind =
        header.type == PERF_RECORD_FORK ? PerfEvent::Kind::created : PerfEvent::Kind::exited;
    event.process = static_cast<std::int32_t>(who.process);
    event.thread = static_cast<std::int32_t>(who.thread);
    event.parent = static_cast<std::int32_t>(who.parent_thread);
    event.same_process = who.process == who.parent_process;
  } else if ((header.misc & PERF_RECORD_MISC_SWITCH_OUT) != 0) {
    event.kind = (header.misc & PERF_RECORD_MISC_SWITCH_OUT_PREEMPT) != 0
                     ? PerfEvent::Kind::preempted
                     : PerfEvent::Kind::slept;
  }
  into.events.push_back(event);
}

}  // namespace

void read_perf_records(std::span<const std::byte> bytes, PerfRecords& into) {
  while (bytes.size() >= sizeof(perf_event_header)) {
    const auto header = copy_at<perf_event_header>(bytes, 0);
    if (header.size < sizeof header || header.size > bytes.size()) {
      ++into.broken;
      return;
    }
    if (header.type == PERF_RECORD_LOST && header.size >= sizeof header + 16) {
      into.lost += copy_at<std::uint64_t>(bytes, sizeof header + 8);
    } else {
      add_record(header, bytes.first(header.size), into);
    }
    bytes = bytes.subspan(header.size);
  }
  into.broken += bytes.empty() ? 0U : 1U;
}

void replay(const std::vector<PerfEvent>& events, std::int32_t watcher, RecordBuilder& builder) {
  for (const PerfEvent& event : sorted_by_time(events)) {
    if (event.process == watcher || event.thread <= 0) {  // below 0: it is just going
      continue;
    }
    RecordBuilder::Leaving leaving{
        .time_ns = event.time_ns, .thread = event.thread, .cpu = event.cpu};
    switch (event.kind) {
      case PerfEvent::Kind::created:
        builder.created(event.time_ns, event.thread, event.parent, event.same_process);
        break;
      case PerfEvent::Kind::in:
        builder.runs(event.time_ns, event.thread, event.cpu);
        break;
      case PerfEvent::Kind::slept:
        leaving.why = RecordBuilder::Why::slept;
        builder.stops(leaving);
        break;
      case PerfEvent::Kind::preempted:
        leaving.why = RecordBuilder::Why::preempted;
        builder.stops(leaving);
        break;
      case PerfEvent::Kind::exited:
        leaving.why = RecordBuilder::Why::exited;
        builder.stops(leaving);
        break;
    }
  }
}

}  // namespace timeslice::validation
