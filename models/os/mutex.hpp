// A mutex as Linux programs have it: an atomic word, and a futex when there is contention.
//
// Taking and releasing it without contention costs no event and no simulated time. A thread that
// finds it held enters the kernel and blocks; a release with waiters enters the kernel and wakes
// the one that waits longest, which then competes with whoever comes by (barging), as futexes do.
// The waiting order is first come first served; a woken thread that loses queues again at the end.
// Of waiters, real-time and deadline threads come first, the most urgent of them in front.
// Source: futex(2); glibc's default mutex does not hand over.
// With priority inheritance (PTHREAD_PRIO_INHERIT, FUTEX_LOCK_PI) the holder is as urgent as the
// most urgent waiter, and a release hands the mutex to that one: nobody can barge in.
// Who takes it without sleeping, on another CPU than its last holder's, fetches its cache lines
// from there (docs/models/coherence.md); who was woken has that in the cost of the wake-up.
#pragma once

#include <cstdint>
#include <optional>

#include "models/ids.hpp"
#include "models/os/dispatcher.hpp"
#include "models/os/inheritance.hpp"
#include "models/os/wait_queue.hpp"
#include "sim/process.hpp"

namespace timeslice::models {

class Mutex {
 public:
  /// `id` names it in the trace and in deadlock reports. `inheritance`: of all such mutexes of a
  /// world; nullptr: an ordinary mutex. `lines`: that who takes it over fetches.
  Mutex(Dispatcher& dispatcher, std::uint32_t id, Inheritance* inheritance = nullptr,
        double lines = 0.0)
      : dispatcher_{dispatcher}, id_{id}, inheritance_{inheritance}, lines_{lines} {}

  /// Takes it unless it is held; no kernel entry, no simulated time.
  [[nodiscard]] bool try_lock(ThreadId thread);

  /// Takes it, waiting for it if need be. Requires: `thread` does not hold it.
  [[nodiscard]] sim::Process<> lock(ThreadId thread);

  /// Gives it back. Requires: `thread` holds it.
  [[nodiscard]] sim::Process<> unlock(ThreadId thread);

  /// Gives it back when no one waits; false (and still held) if a waiter must be woken, which
  /// needs `unlock`. The fast path of callers that want no coroutine.
  [[nodiscard]] bool try_unlock(ThreadId thread);

  /// Whether who took it may owe for its lines: its next stretch of work pays, or, before it could
  /// block, `pay_call`.
  [[nodiscard]] bool has_lines() const { return lines_ > 0.0; }
  [[nodiscard]] std::optional<ThreadId> holder() const { return holder_; }
  [[nodiscard]] std::size_t waiters() const { return waiters_.size(); }
  /// Of the most urgent one; 0 if nobody waits.
  [[nodiscard]] std::int64_t urgency_of_waiters() const;
  [[nodiscard]] sim::FramePool& frame_pool() { return dispatcher_.frame_pool(); }

 private:
  void take(ThreadId thread, bool slept);
  void release(ThreadId thread);
  [[nodiscard]] ThreadId pop_waiter();
  void hand_over(ThreadId from);
  void forget_gone();

  Dispatcher& dispatcher_;
  std::uint32_t id_;
  Inheritance* inheritance_;
  double lines_;
  std::optional<ThreadId> holder_;
  std::optional<CpuId> lines_at_;  // where it was released last
  WaitQueue waiters_;
};

}  // namespace timeslice::models
