// What is due at the present instant: first in, first out within each event class.
//
// Zero-delay work (wake-ups, hand-overs) goes through here and skips the queue: O(1), no
// allocation once the fifo has seen its greatest length.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/event.hpp"

namespace timeslice::sim {

class DueFifo {
 public:
  struct Entry {
    std::uint64_t key = 0;  // class and sequence as in Event; the id part is 0
    std::uint32_t argument = 0;
    std::uint8_t kind = 0;
  };

  [[nodiscard]] bool empty() const { return classes_ == 0; }

  /// Requires: keys of one class arrive in rising order.
  void push(EventClass cls, const Entry& entry) {
    Ring& ring = rings_[cls];
    if (ring.size == ring.entries.size()) [[unlikely]] {
      ring.grow();
    }
    ring.entries[(ring.head + ring.size) & (ring.entries.size() - 1)] = entry;
    ++ring.size;
    classes_ |= 1U << cls;
  }

  /// The entry with the lowest class, and the oldest of that. Requires: not empty.
  [[nodiscard]] const Entry& front() const {
    const Ring& ring = rings_[lowest_class()];
    return ring.entries[ring.head];
  }

  /// Requires: not empty.
  void pop() {
    Ring& ring = rings_[lowest_class()];
    ring.head = (ring.head + 1) & (ring.entries.size() - 1);
    --ring.size;
    if (ring.size == 0) {
      classes_ &= classes_ - 1;
    }
  }

 private:
  struct Ring {
    std::vector<Entry> entries;  // a power of two of them, or none
    std::size_t head = 0;
    std::size_t size = 0;

    void grow() {
      std::vector<Entry> grown(entries.empty() ? 64 : entries.size() * 2);
      for (std::size_t i = 0; i < size; ++i) {
        grown[i] = entries[(head + i) & (entries.size() - 1)];
      }
      entries.swap(grown);
      head = 0;
    }
  };

  [[nodiscard]] std::size_t lowest_class() const {
    return static_cast<std::size_t>(std::countr_zero(classes_));
  }

  std::uint32_t classes_ = 0;  // bit c: the ring of class c is not empty
  std::array<Ring, std::size_t{1} << event_class_bits> rings_;
};

}  // namespace timeslice::sim
