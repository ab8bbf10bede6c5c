// Priority inheritance: who holds a lock is as urgent as the most urgent thread that waits for it,
// also through chains of locks.
//
// Real-time priorities and deadlines are inherited, nice levels are not, as in Linux's rt-mutexes.
// It is told who waits, takes and releases; the dispatcher changes the threads' classes. Cost:
// O(locks held * waiters) a link of the chain; nothing while no thread is urgent.
// Source: Linux 6.12, Documentation/locking/rt-mutex-design.rst.
#pragma once

#include <cstdint>
#include <vector>

#include "models/ids.hpp"
#include "models/os/dispatcher.hpp"

namespace timeslice::models {

class Mutex;

class Inheritance {
 public:
  explicit Inheritance(Dispatcher& dispatcher) : dispatcher_{dispatcher} {}

  /// `thread` begins to wait for `lock`, or ends to (by being given it, mostly).
  void waits(ThreadId thread, const Mutex& lock);
  void waits_no_more(ThreadId thread);

  /// `thread` has become the holder of `lock`, or has ceased to be it.
  void takes(ThreadId thread, const Mutex& lock);
  void releases(ThreadId thread, const Mutex& lock);

 private:
  struct Owner {
    std::vector<const Mutex*> held;
    const Mutex* awaited = nullptr;
  };

  [[nodiscard]] Owner& of(ThreadId thread);
  [[nodiscard]] std::int64_t owed(const Owner& owner) const;
  void renew(ThreadId thread);

  Dispatcher& dispatcher_;
  std::vector<Owner> owners_;  // by thread
};

}  // namespace timeslice::models
