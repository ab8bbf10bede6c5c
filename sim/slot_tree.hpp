// The next event of each of a few slots (one per CPU), and the first of them all.
//
// To set a slot is a store and at most log2(slots) comparisons; nothing is queued or left behind.
// A tournament tree by value: a node holds the earlier of its two children.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/cache_aligned.hpp"
#include "sim/event.hpp"
#include "sim/expect.hpp"

namespace timeslice::sim {

class SlotTree {
 public:
  SlotTree() : nodes_(2, no_event) {}

  /// Adds an empty slot and returns its index: 0, 1, 2 ... O(slots).
  std::uint32_t add() {
    expect(used_ < event_id_limit, "at most 2^24 slots");
    const auto index = static_cast<std::uint32_t>(used_++);
    if (used_ > leaves()) {
      grow();
    }
    return index;
  }

  [[nodiscard]] const Event& first() const { return nodes_[1]; }
  [[nodiscard]] const Event& at(std::uint32_t slot) const { return nodes_[leaves() + slot]; }

  void set(std::uint32_t slot, const Event& event) {
    std::size_t node = leaves() + slot;
    nodes_[node] = event;
    while (node > 1) {
      const Event& a = nodes_[node & ~std::size_t{1}];
      const Event& b = nodes_[node | 1];
      const Event earlier = before(b, a) ? b : a;
      node /= 2;
      if (nodes_[node] == earlier) {
        return;
      }
      nodes_[node] = earlier;
    }
  }

  /// Empties the slot of first() without looking for the next first. Requires: before first() is
  /// asked again, set() is called for this slot.
  void take_first(std::uint32_t slot) { nodes_[leaves() + slot] = no_event; }

 private:
  [[nodiscard]] std::size_t leaves() const { return nodes_.size() / 2; }

  void grow() {
    std::vector<Event, CacheAligned<Event>> old(
        nodes_.begin() + static_cast<std::ptrdiff_t>(leaves()), nodes_.end());
    nodes_.assign(2 * std::bit_ceil(used_), no_event);
    for (std::size_t i = 0; i < old.size(); ++i) {
      set(static_cast<std::uint32_t>(i), old[i]);
    }
  }

  std::size_t used_ = 0;
  std::vector<Event, CacheAligned<Event>> nodes_;  // [1] is the root; the leaves are the 2nd half
};

}  // namespace timeslice::sim
