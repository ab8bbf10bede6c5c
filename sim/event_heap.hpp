// The queue's tier for few events: a 4-ary heap whose four siblings share one cache line.
//
// push and pop cost O(log n); a pop directly followed by a push costs one walk down instead of
// two walks, since pop leaves a hole at the root that the push fills. Not for many events:
// beyond some hundreds the ladder (sim/event_ladder.hpp) is faster.
#pragma once

#include <cstddef>
#include <vector>

#include "sim/cache_aligned.hpp"
#include "sim/event.hpp"

namespace timeslice::sim {

class EventHeap {
 public:
  EventHeap() : nodes_(first) {}

  [[nodiscard]] std::size_t size() const { return nodes_.size() - first - (hole_ ? 1 : 0); }
  [[nodiscard]] bool empty() const { return size() == 0; }

  void push(const Event& event) {
    if (hole_) {
      hole_ = false;
      sift_down(event);
      return;
    }
    nodes_.push_back(event);
    sift_up(event);
  }

  /// The first event, or no_event.
  [[nodiscard]] Event top() {
    if (hole_) {
      fill_hole();
    }
    return nodes_.size() == first ? no_event : nodes_[first];
  }

  /// Removes the first event. Requires: there is one.
  void pop() {
    if (hole_) {
      fill_hole();
    }
    hole_ = true;
  }

  /// Calls take(event) for every event in no particular order, and empties the heap.
  template <typename Take>
  void drain(Take take) {
    for (std::size_t i = first + (hole_ ? 1 : 0); i < nodes_.size(); ++i) {
      take(nodes_[i]);
    }
    nodes_.resize(first);
    hole_ = false;
  }

 private:
  // Positions start at 3, so that the children of p are 4p-8 .. 4p-5: one aligned line of four.
  static constexpr std::size_t first = 3;

  void fill_hole() {
    hole_ = false;
    const Event last = nodes_.back();
    nodes_.pop_back();
    if (nodes_.size() > first) {
      sift_down(last);
    }
  }

  /// Places `event`, whose position at the end is free, on the path to the root.
  void sift_up(const Event& event) {
    std::size_t here = nodes_.size() - 1;
    while (here > first) {
      const std::size_t parent = (here + 8) / 4;
      if (!before(event, nodes_[parent])) {
        break;
      }
      nodes_[here] = nodes_[parent];
      here = parent;
    }
    nodes_[here] = event;
  }

  /// Places `event` on a path down from the root, whose position is free.
  void sift_down(const Event& event) {
    std::size_t here = first;
    const std::size_t end = nodes_.size();
    Event* const nodes = nodes_.data();
    while (true) {
      const std::size_t child = 4 * here - 8;
      if (child >= end) {
        break;
      }
      const std::size_t least = least_child(nodes, child, end);
      if (!before(nodes[least], event)) {
        break;
      }
      nodes[here] = nodes[least];
      here = least;
    }
    nodes[here] = event;
  }

  static std::size_t least_child(const Event* nodes, std::size_t child, std::size_t end) {
    if (child + 4 <= end) [[likely]] {
      const std::size_t a = child + (before(nodes[child + 1], nodes[child]) ? 1 : 0);
      const std::size_t b = child + (before(nodes[child + 3], nodes[child + 2]) ? 3 : 2);
      return before(nodes[b], nodes[a]) ? b : a;
    }
    std::size_t least = child;
    for (std::size_t i = child + 1; i < end; ++i) {
      least = before(nodes[i], nodes[least]) ? i : least;
    }
    return least;
  }

  std::vector<Event, CacheAligned<Event>> nodes_;
  bool hole_ = false;  // the root has been popped and its place not yet filled
};

}  // namespace timeslice::sim
