// A counting semaphore, first come first served with barging (futex based, as sem_post(3)).
#pragma once

#include <cstdint>

#include "models/ids.hpp"
#include "models/os/dispatcher.hpp"
#include "models/os/wait_queue.hpp"
#include "sim/process.hpp"

namespace timeslice::models {

class Semaphore {
 public:
  Semaphore(Dispatcher& dispatcher, std::uint32_t id, std::uint32_t initial)
      : dispatcher_{dispatcher}, id_{id}, value_{initial} {}

  /// Takes one if there is one; no simulated time.
  [[nodiscard]] bool try_acquire();

  /// Takes one, waiting for it if need be.
  [[nodiscard]] sim::Process<> acquire(ThreadId thread);

  /// The same, giving up after `timeout` (plus timer slack and latency).
  [[nodiscard]] sim::Process<WakeResult> acquire_for(ThreadId thread, sim::Duration timeout);

  /// Puts one back and wakes a waiter if there is one.
  [[nodiscard]] sim::Process<> release(ThreadId thread);

  [[nodiscard]] std::uint32_t value() const { return value_; }
  [[nodiscard]] std::size_t waiters() const { return waiters_.size(); }
  /// Whether it waits and was not yet woken. Cost: O(waiters).
  [[nodiscard]] bool waits(ThreadId thread) const { return waiters_.contains(thread); }
  [[nodiscard]] sim::FramePool& frame_pool() { return dispatcher_.frame_pool(); }

 private:
  Dispatcher& dispatcher_;
  std::uint32_t id_;
  std::uint32_t value_;
  WaitQueue waiters_;
};

}  // namespace timeslice::models
