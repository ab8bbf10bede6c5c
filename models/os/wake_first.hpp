// Waking the first of those that wait, where some of them may have been killed meanwhile.
#pragma once

#include "models/os/dispatcher.hpp"
#include "models/os/wait_queue.hpp"

namespace timeslice::models {

/// Wakes the one that has waited longest and is still there; false: nobody is. Cost: O(1) for each
/// that is gone.
inline bool wake_first(Dispatcher& dispatcher, WaitQueue& queue, WakeCause cause) {
  while (!queue.empty()) {
    if (dispatcher.wake(queue.pop(), cause)) {
      return true;
    }
  }
  return false;
}

}  // namespace timeslice::models
