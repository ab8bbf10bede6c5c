// A condition variable: threads wait for a sign and release a mutex meanwhile.
//
// `signal` wakes the one that waits longest, `broadcast` all of them; each then takes the mutex
// again, in competition with others. Wake-ups are never spurious here, but what was true at the
// signal may be false again: check in a loop, as in real programs.
#pragma once

#include <cstdint>

#include "models/ids.hpp"
#include "models/os/dispatcher.hpp"
#include "models/os/mutex.hpp"
#include "models/os/wait_queue.hpp"
#include "sim/process.hpp"

namespace timeslice::models {

class Condition {
 public:
  Condition(Dispatcher& dispatcher, std::uint32_t id) : dispatcher_{dispatcher}, id_{id} {}

  /// Releases `mutex`, waits for a sign, takes `mutex` again. Requires: `thread` holds it.
  [[nodiscard]] sim::Process<> wait(ThreadId thread, Mutex& mutex);

  /// The same, but waits at most `timeout` (plus timer slack and latency) for the sign.
  [[nodiscard]] sim::Process<WakeResult> wait_for(ThreadId thread, Mutex& mutex,
                                                  sim::Duration timeout);

  /// Wakes one waiter or none. No simulated time if nobody waits.
  [[nodiscard]] sim::Process<> signal(ThreadId thread);

  /// Wakes all that wait now.
  [[nodiscard]] sim::Process<> broadcast(ThreadId thread);

  [[nodiscard]] std::size_t waiters() const { return waiters_.size(); }
  [[nodiscard]] sim::FramePool& frame_pool() { return dispatcher_.frame_pool(); }

 private:
  Dispatcher& dispatcher_;
  std::uint32_t id_;
  WaitQueue waiters_;
};

}  // namespace timeslice::models
