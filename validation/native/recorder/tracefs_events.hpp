// Pages of the kernel's trace buffers in, scheduler events out, and those into a RecordBuilder.
//
// Text that programs choose (their names) is never looked at. A page that makes no sense ends the
// reading of that page and is counted. Cost: well below 1 us an event, and one sort over all CPUs.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sim/result.hpp"
#include "validation/native/recorder/record_builder.hpp"
#include "validation/native/recorder/tracefs_format.hpp"

namespace timeslice::validation {

enum class SchedEventKind : std::uint8_t { switched, waking, woken, created, exited };

struct SchedEvent {
  std::int64_t time_ns = 0;
  std::int32_t on_cpu = 0;  // where it was reported
  std::int32_t thread = 0;  // switched: who leaves; created: the new one
  std::int32_t other = 0;   // switched: who comes; waking: the waker; created: the parent
  std::int32_t target = 0;  // woken: the CPU; switched: RecordBuilder::Why; created: 1 same process
  SchedEventKind kind = SchedEventKind::switched;
};

/// What the recorder asks of tracefs: its events, and where their fields are.
struct SchedFormats {
  PageFormat page;
  EventFormat switched;   // sched:sched_switch
  EventFormat waking;     // sched:sched_waking
  EventFormat woken;      // sched:sched_wakeup
  EventFormat woken_new;  // sched:sched_wakeup_new
  EventFormat created;    // task:task_newtask
  EventFormat exited;     // sched:sched_process_exit
};

/// Folders below `events/` in the order of SchedFormats.
[[nodiscard]] std::span<const char* const> sched_event_folders();

/// `read` gives the text of a file below `events/`; nothing if it has none.
[[nodiscard]] sim::Result<SchedFormats> read_formats(
    const std::function<std::optional<std::string>(const std::string&)>& read);

struct DecodedPages {
  std::vector<SchedEvent> events;
  std::uint64_t broken = 0;  // pages that were cut short or that lost events
};

/// Appends the events of whole pages that were read from the buffer of `cpu`.
void decode_pages(const SchedFormats& formats, std::span<const std::byte> pages, std::int32_t cpu,
                  DecodedPages& into);

/// Sorts the events by time and tells them to `builder`.
void replay(const std::vector<SchedEvent>& events, RecordBuilder& builder);

}  // namespace timeslice::validation
