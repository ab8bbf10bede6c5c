// Who waits for a GIL, in the order in which the C library's condition variable wakes them.
//
// glibc 2.25 to 2.40 keeps two groups of waiters: signals go to the older group, first come first
// served, until it is used up; then all who came meanwhile become the older group. A waiter that
// is on its way to sleep when its group is signalled takes the signal from the one it was meant
// for, who goes to the back of its group. Source: glibc, nptl/pthread_cond_wait.c and
// pthread_cond_signal.c (2.36, Debian 12); docs/models/gil.md. Cost: O(waiters) an operation.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "models/ids.hpp"

namespace timeslice::models {

class GilWaiters {
 public:
  /// Requires: `thread` is not among them.
  void add(ThreadId thread) { queue_.push_back(thread); }

  /// `thread` waits no longer; nothing happens if it did not wait.
  void remove(ThreadId thread);

  [[nodiscard]] bool empty() const { return queue_.empty(); }
  [[nodiscard]] std::size_t size() const { return queue_.size(); }

  /// Takes out the waiter at `place`, 0 being the one that has waited longest.
  [[nodiscard]] ThreadId take(std::size_t place);

  /// Opens the next group if the older one is used up. Whether `thread` is in the signalled group,
  /// and not the one whose turn it is. Requires: not empty.
  [[nodiscard]] bool could_overtake(ThreadId thread);

  /// Takes out whose turn it is. Requires: not empty.
  [[nodiscard]] ThreadId take_next();

  /// Takes out `thread`; whose turn it was goes to the back of its group.
  /// Requires: could_overtake(thread).
  void overtake(ThreadId thread);

 private:
  void open_group();

  std::vector<ThreadId> queue_;  // the older group, then the younger one
  std::size_t older_ = 0;        // how many are in the older group
};

}  // namespace timeslice::models
