// The future event list: pops events in the order (time, class, sequence), whatever their number.
//
// Two tiers behind one interface: a heap for few events, a ladder of buckets for many. The queue
// changes tier by its size at run time; both give the same total order, so results never depend
// on the choice. No allocation once the queue has seen its greatest size. There is no cancel: the
// owner of an event remembers its key, and drops or sweeps what it no longer wants.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/event.hpp"
#include "sim/event_heap.hpp"
#include "sim/event_ladder.hpp"

namespace timeslice::sim {

class EventQueue {
 public:
  /// `adaptive` chooses by size; the others force a tier, for tests and benchmarks.
  enum class Tier : std::uint8_t { adaptive, heap, ladder };

  explicit EventQueue(Tier tier = Tier::adaptive)
      : choice_{tier}, in_ladder_{tier == Tier::ladder} {}

  [[nodiscard]] std::size_t size() const { return in_ladder_ ? ladder_.size() : heap_.size(); }
  [[nodiscard]] bool empty() const { return size() == 0; }

  /// Requires: event.time < 2^63, and no other event in the queue has its key.
  void push(const Event& event) {
    if (in_ladder_) {
      ladder_.push(event);
      return;
    }
    heap_.push(event);
    if (heap_.size() > ladder_from && choice_ == Tier::adaptive) [[unlikely]] {
      move_to_ladder();
    }
  }

  /// The first event, or no_event when the queue is empty.
  [[nodiscard]] Event top() { return in_ladder_ ? ladder_.top() : heap_.top(); }

  /// Removes the first event. Requires: the queue is unchanged since top() showed an event.
  void pop() {
    if (!in_ladder_) {
      heap_.pop();
      return;
    }
    ladder_.pop();
    if (ladder_.size() < heap_below && choice_ == Tier::adaptive) [[unlikely]] {
      move_to_heap();
    }
  }

  /// Removes the events for which keep(event) is false. O(n).
  template <typename Keep>
  void sweep(Keep keep) {
    const auto take = [&](const Event& event) {
      if (keep(event)) {
        moving_.push_back(event);
      }
    };
    in_ladder_ ? ladder_.drain(take) : heap_.drain(take);
    put_back();
  }

  /// A table indexed by event id that is read soon after each pop: the queue prefetches it.
  void prefetch_from(const void* table, std::size_t bytes_per_entry) {
    ladder_.prefetch_from(table, bytes_per_entry);
  }

 private:
  // Above the first number of events the ladder takes over, below the second the heap does; the
  // gap keeps a queue that swings around one size from moving all the time. Measured with
  // bench/hold_bench.cpp (tier/heap, tier/ladder) on a Zen 5 virtual machine: the heap is ahead
  // at 32 events (28 against 26 M/s), the ladder from 64 on (28 against 26; at 256 27 against 20).
  static constexpr std::size_t ladder_from = 128;
  static constexpr std::size_t heap_below = 32;

  void move_to_ladder();
  void move_to_heap();
  void put_back();

  Tier choice_;
  bool in_ladder_;
  EventHeap heap_;
  EventLadder ladder_;
  std::vector<Event> moving_;  // kept for its capacity
};

}  // namespace timeslice::sim
