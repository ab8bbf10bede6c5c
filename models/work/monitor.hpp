// What threads of one process meet at besides mutexes: queues, semaphores, events, barriers and
// readers-writer locks.
//
// All are monitors: a mutex, a little state, and threads that wait for it to change, as CPython's
// threading and queue modules are written and as C++ programs use std::condition_variable. With
// Python a thread that waits drops the GIL and takes it again before it looks at the state.
// Waiters are woken first come first served; who comes by meanwhile may be faster. A readers-writer
// lock prefers readers, as glibc's does. Source: CPython, Lib/threading.py and Lib/queue.py;
// docs/models/locks.md. Cost: two events a call that waits for nobody, with costs of zero none.
#pragma once

#include <cstdint>

#include "models/ids.hpp"
#include "models/os/mutex.hpp"
#include "models/os/wait_queue.hpp"
#include "models/python/process.hpp"
#include "models/work/step.hpp"
#include "models/world_spec.hpp"
#include "sim/process.hpp"

namespace timeslice::models {

class Monitor {
 public:
  /// `id` names it in reports; `lines` is its mutex's.
  Monitor(Dispatcher& os, const LockSpec& spec, std::uint32_t id, double lines);

  /// `put`, `get`, `set`, `wait` or `barrier`. Requires: a step that its kind has; with Python,
  /// `actor` holds the GIL.
  [[nodiscard]] sim::Process<> step(Actor& actor, SyncStep::What what);

  /// Enters a semaphore or a readers-writer lock. Same requirements.
  [[nodiscard]] sim::Process<> acquire(Actor& actor, bool reads);
  [[nodiscard]] sim::Process<> release(Actor& actor, bool reads);

  [[nodiscard]] sim::FramePool& frame_pool() { return mutex_.frame_pool(); }

 private:
  static constexpr std::size_t all = static_cast<std::size_t>(-1);

  [[nodiscard]] sim::Process<> lock(Actor& actor);
  [[nodiscard]] sim::Process<> unlock(Actor& actor);
  /// Waits among `waiters` for a sign, without the mutex meanwhile.
  [[nodiscard]] sim::Process<> wait(Actor& actor, WaitQueue& waiters);
  [[nodiscard]] sim::Process<> notify(Actor& actor, WaitQueue& waiters, std::size_t most);
  [[nodiscard]] sim::Process<> put(Actor& actor);
  [[nodiscard]] sim::Process<> get(Actor& actor);
  [[nodiscard]] sim::Process<> meet(Actor& actor);
  [[nodiscard]] bool may_enter(bool reads) const;

  const LockSpec& spec_;
  std::uint32_t id_;
  Mutex mutex_;
  WaitQueue takers_;            // getters, waiters for an event, a barrier or a semaphore; readers
  WaitQueue givers_;            // putters; writers
  std::uint64_t count_ = 0;     // in the queue; free of a semaphore; arrived; readers; 1: event set
  std::uint64_t meetings_ = 0;  // of a barrier
  bool writing_ = false;
};

}  // namespace timeslice::models
