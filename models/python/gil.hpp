// CPython's global interpreter lock, as in 3.2 to 3.14: one for each interpreter.
//
// A thread that finds it locked waits on a condition with a time-out of the switch interval. When
// the wait timed out and nobody switched meanwhile it asks the holder to drop; the holder sees that
// at its next look at the eval breaker, drops, and waits until somebody else has taken it. There
// is no queue: a thread that runs may take the lock before a waiter that was woken for it.
// Source: CPython, Python/ceval_gil.c; rules and measurements in docs/models/gil.md.
// Without a lock (free-threaded builds) taking it means attaching: free_threads.hpp.
// Cost: taking and dropping without rivals costs no event; else one timed wait each turn.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "models/ids.hpp"
#include "models/os/dispatcher.hpp"
#include "models/os/wait_queue.hpp"
#include "models/python/free_threads.hpp"
#include "models/python/gil_waiters.hpp"
#include "models/python/runtime_spec.hpp"
#include "models/trace_kinds.hpp"
#include "sim/process.hpp"
#include "sim/random.hpp"
#include "sim/time.hpp"
#include "sim/trace.hpp"

namespace timeslice::models {

/// What the GILs of a world did, by thread.
class GilAccounts {
 public:
  /// `thread` held a GIL for `held`, or waited for one for `waited`.
  void add_held(ThreadId thread, sim::Duration held);
  void add_wait(ThreadId thread, sim::Duration waited);
  void add_switch() { ++switches_; }

  [[nodiscard]] sim::Duration held(ThreadId thread) const;
  [[nodiscard]] sim::Duration wait(ThreadId thread) const;
  /// How often a GIL went to another thread than the one that held it before.
  [[nodiscard]] std::uint64_t switches() const { return switches_; }

 private:
  struct Times {
    sim::Duration held{};
    sim::Duration wait{};
  };
  [[nodiscard]] Times& of(ThreadId thread);

  std::vector<Times> times_;
  std::uint64_t switches_ = 0;
};

/// What a GIL needs of the world around it.
struct GilWorld {
  Dispatcher& os;
  sim::Trace& trace;
  const sim::Random& random;
  GilAccounts& accounts;
  sim::Duration wake_cost;  // kernel work of a futex call that wakes somebody
  sim::Duration take_cost;  // python work to take it after a wait
  sim::Duration poll{};     // bytecode between two looks at the eval breaker
};

class Gil {
 public:
  Gil(const GilWorld& world, ProcessId process, const GilSpec& spec);

  /// False: a free-threaded interpreter; to take it is to attach, to drop it is to detach.
  [[nodiscard]] bool enabled() const { return spec_.enabled; }

  /// Takes it if nobody holds it, even ahead of those who wait.
  [[nodiscard]] bool try_take(ThreadId thread);
  /// Waits until `thread` holds it.
  [[nodiscard]] sim::Process<> take(ThreadId thread);

  /// Drops it if that concerns nobody: no waiter to wake and no switch to wait for.
  [[nodiscard]] bool try_drop(ThreadId thread);
  /// Drops it and wakes one waiter; if a drop was asked for, waits until another thread took it.
  [[nodiscard]] sim::Process<> drop(ThreadId thread);

  /// The last drop of a thread: nobody waits for a switch, whoever asked for it.
  [[nodiscard]] sim::Process<> drop_for_good(ThreadId thread);

  /// Runs `nominal_ns` of bytecode, dropping and re-taking when asked. Requires: held by `thread`.
  /// `shared`: share of it that touches objects of other threads; felt only without a GIL.
  [[nodiscard]] sim::Process<> run(ThreadId thread, double nominal_ns, double shared = 0.0);

  /// Whether `thread`, which holds it, is asked to drop it.
  [[nodiscard]] bool asked_to_drop(ThreadId thread) const {
    return free_ ? free_->must_stop(thread) : drop_requested_;
  }
  /// What the eval breaker does after a call into C that kept the GIL: drops and takes it again if
  /// that was asked for. Requires: held by `thread`.
  [[nodiscard]] sim::Process<> look(ThreadId thread);

  /// What stopping the world came to; nothing with a GIL.
  [[nodiscard]] FreeThreads::Pauses pauses() const {
    return free_ ? free_->pauses() : FreeThreads::Pauses{};
  }

  [[nodiscard]] bool held() const { return locked_; }
  [[nodiscard]] bool held_by(ThreadId thread) const { return locked_ && holder_ == thread; }
  [[nodiscard]] ThreadId holder() const { return holder_; }

  /// Books the time that the present holder has held it up to now.
  void settle();

  [[nodiscard]] sim::FramePool& frame_pool() const { return world_.os.frame_pool(); }

 private:
  void become_holder(ThreadId thread);
  void release(ThreadId thread);
  /// Drops it and wakes one waiter; whether a drop was asked for.
  [[nodiscard]] sim::Process<bool> let_go(ThreadId thread);
  /// The mutex around the GIL's state: who drops the GIL holds it while it signals, so a waiter
  /// that runs before that is over, since it took the dropper's CPU, goes to sleep once more.
  [[nodiscard]] sim::Process<> lock_state(ThreadId thread);
  [[nodiscard]] sim::Process<> unlock_state(ThreadId thread);
  /// Kernel work of a call that wakes somebody.
  [[nodiscard]] sim::Process<> pay_wake(ThreadId thread);
  /// Wakes one thread that still waits; false: there is none.
  bool signal(ThreadId waker);
  /// Takes out the waiter that the signal wakes. Requires: somebody waits.
  [[nodiscard]] ThreadId take_heir();
  [[nodiscard]] sim::DrawKey next_draw();
  void ask_for_it(ThreadId thread);
  [[nodiscard]] sim::Process<> wait_for_switch(ThreadId thread);
  void record(TraceKind kind, ThreadId subject, std::uint32_t cause, std::uint64_t value);
  [[nodiscard]] sim::Instant now() const { return world_.os.engine().now(); }

  GilWorld world_;
  ProcessId process_;
  GilSpec spec_;
  std::unique_ptr<FreeThreads> free_;  // instead of a lock
  GilWaiters waiters_;                 // in the condition's queue
  WaitQueue state_waiters_;            // for the mutex around all this
  std::uint64_t switch_number_ = 0;
  std::uint64_t draws_ = 0;  // of heirs
  sim::Instant since_{};     // held since
  ThreadId holder_{};
  std::uint32_t last_holder_ = no_subject;
  std::uint32_t requester_ = no_subject;        // of the drop that was asked for
  std::uint32_t awaiting_switch_ = no_subject;  // waits until somebody else has taken it
  bool locked_ = false;
  bool drop_requested_ = false;
  bool state_held_ = false;  // by a thread that signals
};

}  // namespace timeslice::models
