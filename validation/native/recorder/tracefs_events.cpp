#include "validation/native/recorder/tracefs_events.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "validation/native/recorder/by_time.hpp"

namespace timeslice::validation {

namespace {

// Entry header of the ring buffer: 5 bits type or length, 27 bits time (events/header_event).
constexpr std::uint32_t type_padding = 29;
constexpr std::uint32_t type_time_extend = 30;
constexpr std::uint32_t type_time_stamp = 31;
constexpr unsigned type_bits = 5;
constexpr unsigned delta_bits = 27;
constexpr std::uint64_t commit_mask = (1ULL << delta_bits) - 1;
constexpr std::uint64_t missed_events = 1ULL << 31U;  // flag in the page's commit word

// prev_state of sched_switch: bits 0..7 as its own print format names them.
constexpr std::int64_t state_bits = 0xff;
constexpr std::int64_t state_uninterruptible = 0x02;
constexpr std::int64_t state_gone = 0x10 | 0x20;
constexpr std::int64_t clone_thread = 0x10000;      // CLONE_THREAD, clone(2)
constexpr std::int64_t in_interrupt = 0x08 | 0x10;  // common_flags: hard or soft interrupt

std::int32_t narrow(std::optional<std::int64_t> value) {
  return static_cast<std::int32_t>(value.value_or(0));
}

/// Reads the entries of one page.
class PageReader {
 public:
  PageReader(const SchedFormats& formats, std::int32_t cpu, DecodedPages& into)
      : formats_{formats}, cpu_{cpu}, into_{into} {}

  void read(std::span<const std::byte> page) {
    const PageFormat& layout = formats_.page;
    const auto time = number_at(page, layout.timestamp);
    const auto commit = number_at(page, layout.commit);
    const auto word = static_cast<std::uint64_t>(commit.value_or(0));
    const std::uint64_t used = word & commit_mask;
    into_.broken += (word & missed_events) != 0 || used > layout.data.size ? 1 : 0;
    time_ns_ = static_cast<std::uint64_t>(time.value_or(0));
    std::span<const std::byte> rest =
        page.subspan(layout.data.offset, std::min<std::size_t>(used, layout.data.size));
    while (rest.size() >= header) {
      const std::size_t bytes = entry(rest);
      if (bytes == 0 || bytes > rest.size()) {
        into_.broken += bytes == 0 ? 0 : 1;
        return;
      }
      rest = rest.subspan(bytes);
    }
  }

 private:
  static constexpr std::size_t header = 4;  // bytes

  static std::uint32_t word_at(std::span<const std::byte> bytes, std::size_t offset) {
    return static_cast<std::uint32_t>(
        number_at(bytes, {.name = {}, .offset = offset, .size = header}).value_or(0));
  }

  /// Bytes of the entry; 0: the page has no more.
  std::size_t entry(std::span<const std::byte> rest) {
    const std::uint32_t first = word_at(rest, 0);
    const std::uint32_t type = first & ((1U << type_bits) - 1);
    const std::uint64_t delta = first >> type_bits;
    const std::uint64_t more = word_at(rest, header);
    switch (type) {
      case type_padding:
        return delta == 0 ? 0 : header + more;
      case type_time_extend:
        time_ns_ += delta + (more << delta_bits);
        return 2 * header;
      case type_time_stamp:
        // 59 bits of it are there; the page's own time has the rest.
        time_ns_ = (time_ns_ & ~((1ULL << (32 + delta_bits)) - 1)) | (delta + (more << delta_bits));
        return 2 * header;
      default:
        break;
    }
    time_ns_ += delta;
    // Small ones say their length in words, others in the next word, itself included.
    const std::size_t skip = type == 0 ? 2 * header : header;
    const std::size_t bytes = type == 0 ? header + more : header + type * header;
    if (bytes >= skip && bytes <= rest.size()) {
      data(rest.subspan(skip, bytes - skip));
    }
    return bytes;
  }

  void data(std::span<const std::byte> event) {
    const auto type =
        static_cast<std::uint16_t>(narrow(value(event, formats_.switched, "common_type")));
    SchedEvent fresh{.time_ns = static_cast<std::int64_t>(time_ns_), .on_cpu = cpu_};
    if (type == formats_.switched.id) {
      switched(event, fresh);
    } else if (type == formats_.waking.id) {
      waking(event, fresh);
    } else if (type == formats_.woken.id) {
      woken(event, formats_.woken, fresh);
    } else if (type == formats_.woken_new.id) {
      woken(event, formats_.woken_new, fresh);
    } else if (type == formats_.created.id) {
      created(event, fresh);
    } else if (type == formats_.exited.id) {
      fresh.kind = SchedEventKind::exited;
      fresh.thread = narrow(value(event, formats_.exited, "common_pid"));
    } else {
      return;
    }
    into_.events.push_back(fresh);
  }

  void switched(std::span<const std::byte> event, SchedEvent& fresh) const {
    const std::int64_t state = value(event, formats_.switched, "prev_state").value_or(0);
    const auto why = (state & state_gone) != 0              ? RecordBuilder::Why::exited
                     : (state & state_uninterruptible) != 0 ? RecordBuilder::Why::slept_for_io
                     : (state & state_bits) != 0            ? RecordBuilder::Why::slept
                                                            : RecordBuilder::Why::preempted;
    fresh.kind = SchedEventKind::switched;
    fresh.thread = narrow(value(event, formats_.switched, "prev_pid"));
    fresh.other = narrow(value(event, formats_.switched, "next_pid"));
    fresh.target = static_cast<std::int32_t>(why);
  }

  void waking(std::span<const std::byte> event, SchedEvent& fresh) const {
    const std::int64_t flags = value(event, formats_.waking, "common_flags").value_or(0);
    fresh.kind = SchedEventKind::waking;
    fresh.thread = narrow(value(event, formats_.waking, "pid"));
    fresh.other =
        (flags & in_interrupt) != 0 ? 0 : narrow(value(event, formats_.waking, "common_pid"));
  }

  void woken(std::span<const std::byte> event, const EventFormat& format, SchedEvent& fresh) const {
    fresh.kind = SchedEventKind::woken;
    fresh.thread = narrow(value(event, format, "pid"));
    fresh.target = narrow(value(event, format, "target_cpu"));
  }

  void created(std::span<const std::byte> event, SchedEvent& fresh) const {
    const std::int64_t flags = value(event, formats_.created, "clone_flags").value_or(0);
    fresh.kind = SchedEventKind::created;
    fresh.thread = narrow(value(event, formats_.created, "pid"));
    fresh.other = narrow(value(event, formats_.created, "common_pid"));
    fresh.target = (flags & clone_thread) != 0 ? 1 : 0;
  }

  static std::optional<std::int64_t> value(std::span<const std::byte> event,
                                           const EventFormat& format, std::string_view name) {
    const auto field = format.field(name);
    return field ? number_at(event, *field) : std::nullopt;
  }

  const SchedFormats& formats_;
  std::int32_t cpu_;
  DecodedPages& into_;
  std::uint64_t time_ns_ = 0;
};

/// Whoever the first switch on a CPU takes off it has been there since the recording began.
void tell_who_ran_before(const std::vector<SchedEvent>& events, RecordBuilder& builder) {
  std::map<std::int32_t, bool> seen;
  for (const SchedEvent& event : events) {
    if (event.kind == SchedEventKind::switched && !std::exchange(seen[event.on_cpu], true) &&
        event.thread != 0) {
      builder.runs(events.front().time_ns, event.thread, event.on_cpu);
    }
  }
}

}  // namespace

std::span<const char* const> sched_event_folders() {
  static constexpr std::array<const char*, 6> folders{
      "sched/sched_switch",     "sched/sched_waking", "sched/sched_wakeup",
      "sched/sched_wakeup_new", "task/task_newtask",  "sched/sched_process_exit"};
  return folders;
}

sim::Result<SchedFormats> read_formats(
    const std::function<std::optional<std::string>(const std::string&)>& read) {
  SchedFormats formats;
  const auto refused = [](const std::string& file) {
    return sim::Error{.where = "events/" + file,
                      .what = "this kernel does not describe what the recorder needs",
                      .advice = "a kernel with CONFIG_FTRACE and scheduler events has it"};
  };
  const auto page = read("header_page");
  const auto layout = page ? parse_page_format(*page) : std::nullopt;
  if (!layout) {
    return refused("header_page");
  }
  formats.page = *layout;
  const std::array<EventFormat*, 6> wanted{&formats.switched,  &formats.waking,  &formats.woken,
                                           &formats.woken_new, &formats.created, &formats.exited};
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const std::string file = std::string{sched_event_folders()[i]} + "/format";
    const auto text = read(file);
    auto format = text ? parse_event_format(*text) : std::nullopt;
    if (!format) {
      return refused(file);
    }
    *wanted[i] = std::move(*format);
  }
  return formats;
}

void decode_pages(const SchedFormats& formats, std::span<const std::byte> pages, std::int32_t cpu,
                  DecodedPages& into) {
  const std::size_t size = formats.page.bytes();
  PageReader reader{formats, cpu, into};
  while (pages.size() >= size) {
    reader.read(pages.first(size));
    pages = pages.subspan(size);
  }
}

void replay(const std::vector<SchedEvent>& unsorted, RecordBuilder& builder) {
  const std::vector<SchedEvent> events = sorted_by_time(unsorted);
  tell_who_ran_before(events, builder);
  for (const SchedEvent& event : events) {
    switch (event.kind) {
      case SchedEventKind::switched:
        if (event.thread != 0) {
          builder.stops({.time_ns = event.time_ns,
                         .thread = event.thread,
                         .cpu = event.on_cpu,
                         .why = static_cast<RecordBuilder::Why>(event.target),
                         .next = event.other});
        }
        builder.runs(event.time_ns, event.other, event.on_cpu);
        break;
      case SchedEventKind::waking:
        builder.waking({.time_ns = event.time_ns, .thread = event.thread, .waker = event.other});
        break;
      case SchedEventKind::woken:
        builder.woken(event.time_ns, event.thread, event.target);
        break;
      case SchedEventKind::created:
        builder.created(event.time_ns, event.thread, event.other, event.target != 0);
        break;
      case SchedEventKind::exited:
        builder.exited(event.thread);
        break;
    }
  }
}

}  // namespace timeslice::validation
