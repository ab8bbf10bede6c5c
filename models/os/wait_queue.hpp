// Threads that wait for one thing, first come first served.
//
// Cost: O(1), except `contains` and `remove` (a wait that timed out): O(waiters).
#pragma once

#include <cstddef>

#include "models/ids.hpp"
#include "models/os/ring.hpp"

namespace timeslice::models {

class WaitQueue {
 public:
  [[nodiscard]] bool empty() const { return threads_.empty(); }
  [[nodiscard]] std::size_t size() const { return threads_.size(); }

  void push(ThreadId thread) { threads_.push(thread); }

  /// Takes the one that waits longest. Requires: not empty.
  ThreadId pop() { return threads_.pop(); }

  /// The one that has `place` others before it.
  [[nodiscard]] ThreadId at(std::size_t place) const { return threads_.at(place); }

  [[nodiscard]] bool contains(ThreadId thread) const {
    for (std::size_t i = 0; i < threads_.size(); ++i) {
      if (threads_.at(i) == thread) {
        return true;
      }
    }
    return false;
  }

  /// Takes `thread` out wherever it stands; false if it does not wait here.
  bool remove(ThreadId thread) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < threads_.size(); ++i) {
      const ThreadId one = threads_.at(i);
      threads_.at(kept) = one;
      kept += one == thread ? 0U : 1U;
    }
    const bool found = kept < threads_.size();
    threads_.shorten(kept);
    return found;
  }

 private:
  Ring<ThreadId> threads_;
};

}  // namespace timeslice::models
