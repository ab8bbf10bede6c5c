// How the kernel lays out its trace events and pages: read from its own descriptions.
//
// The `format` files of tracefs (Documentation/trace/events.rst) name each field's offset and size,
// so nothing about a kernel version is written down here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace timeslice::validation {

struct EventField {
  std::string name;
  std::size_t offset = 0;
  std::size_t size = 0;  // bytes
};

struct EventFormat {
  std::uint16_t id = 0;
  std::vector<EventField> fields;

  [[nodiscard]] std::optional<EventField> field(std::string_view name) const;
};

/// Nothing if the text has no ID line or a field that makes no sense.
[[nodiscard]] std::optional<EventFormat> parse_event_format(std::string_view text);

/// The head of a page of trace_pipe_raw, from `events/header_page`.
struct PageFormat {
  EventField timestamp;
  EventField commit;
  EventField data;  // its size is that of the room for events

  [[nodiscard]] std::size_t bytes() const { return data.offset + data.size; }
};
[[nodiscard]] std::optional<PageFormat> parse_page_format(std::string_view text);

/// A signed little- or big-endian number as this host writes it; nothing outside of `bytes`.
[[nodiscard]] std::optional<std::int64_t> number_at(std::span<const std::byte> bytes,
                                                    const EventField& field);

}  // namespace timeslice::validation
