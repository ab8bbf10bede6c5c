// One pending event: 16 bytes by value, and the one total order of the simulator.
//
// The order is (time, class, sequence). The sequence is unique in a run, so no two events are
// equal and every data structure that respects the order pops the same events in the same order.
#pragma once

#include <cstdint>
#include <limits>

#include "sim/wide.hpp"

namespace timeslice::sim {

/// What goes first among events of the same instant: 0 to 15, lower first.
using EventClass = std::uint8_t;

inline constexpr unsigned event_class_bits = 4;
inline constexpr unsigned event_sequence_bits = 36;
inline constexpr unsigned event_id_bits = 24;
inline constexpr std::uint64_t event_sequence_limit = std::uint64_t{1} << event_sequence_bits;
inline constexpr std::uint32_t event_id_limit = std::uint32_t{1} << event_id_bits;

struct Event {
  std::uint64_t time = 0;  // nanoseconds since the start of the run
  std::uint64_t key = 0;   // class:4 | sequence:36 | id:24, highest bits first

  friend bool operator==(const Event&, const Event&) = default;
};
static_assert(sizeof(Event) == 16);

/// Later than every real event: what an empty source shows as its next one.
inline constexpr Event no_event{.time = std::numeric_limits<std::uint64_t>::max(),
                                .key = std::numeric_limits<std::uint64_t>::max()};

/// Requires: cls < 16, sequence < 2^36, id < 2^24.
[[nodiscard]] constexpr std::uint64_t event_key(EventClass cls, std::uint64_t sequence,
                                                std::uint32_t id) {
  return (std::uint64_t{cls} << (event_sequence_bits + event_id_bits)) |
         (sequence << event_id_bits) | id;
}

[[nodiscard]] constexpr std::uint32_t event_id(const Event& event) {
  return static_cast<std::uint32_t>(event.key) & (event_id_limit - 1);
}

/// The order as one integer: a comparison costs two instructions and no branch.
[[nodiscard]] constexpr Uint128 event_rank(const Event& event) {
  return (Uint128{event.time} << 64) | event.key;
}

[[nodiscard]] constexpr bool before(const Event& a, const Event& b) {
  return event_rank(a) < event_rank(b);
}

}  // namespace timeslice::sim
