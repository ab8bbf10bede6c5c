// Threads that wait for one thing, first come first served.
//
// A ring that grows to the most that ever waited and then allocates no more.
// Cost: O(1), except `remove` (a wait that timed out): O(waiters).
#pragma once

#include <cstddef>
#include <vector>

#include "models/ids.hpp"
#include "sim/expect.hpp"

namespace timeslice::models {

class WaitQueue {
 public:
  [[nodiscard]] bool empty() const { return count_ == 0; }
  [[nodiscard]] std::size_t size() const { return count_; }

  void push(ThreadId thread) {
    if (count_ == ring_.size()) {
      grow();
    }
    ring_[at(count_)] = thread;
    ++count_;
  }

  /// Takes the one that waits longest. Requires: not empty.
  ThreadId pop() {
    sim::expect(count_ > 0, "somebody waits before one is taken out");
    const ThreadId first = ring_[first_];
    first_ = at(1);
    --count_;
    return first;
  }

  /// Takes `thread` out wherever it stands; false if it does not wait here.
  bool remove(ThreadId thread) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < count_; ++i) {
      const ThreadId one = ring_[at(i)];
      ring_[at(kept)] = one;
      kept += one == thread ? 0U : 1U;
    }
    const bool found = kept < count_;
    count_ = kept;
    return found;
  }

 private:
  [[nodiscard]] std::size_t at(std::size_t offset) const {
    const std::size_t index = first_ + offset;
    return index < ring_.size() ? index : index - ring_.size();
  }

  void grow() {
    std::vector<ThreadId> wider(ring_.empty() ? 4 : 2 * ring_.size());
    for (std::size_t i = 0; i < count_; ++i) {
      wider[i] = ring_[at(i)];
    }
    ring_.swap(wider);
    first_ = 0;
  }

  std::vector<ThreadId> ring_;
  std::size_t first_ = 0;
  std::size_t count_ = 0;
};

}  // namespace timeslice::models
