// asyncio's event loop as it is: a ready queue, a heap of timers, a selector, in one thread.
//
// An iteration asks the selector (a system call, so the GIL is dropped and taken again, also with
// time-out 0), adds callbacks of what came, then of timers that are due, and runs exactly those
// that were ready then, in order; what they add runs in the next one. Time-outs of the selector are
// whole milliseconds, rounded up. A coroutine runs until its next await; nobody takes the loop from
// it. Source: CPython 3.11, Lib/asyncio/base_events.py, selectors.py; docs/models/asyncio.md.
// Cost: about two engine events a callback; four pooled frames a coroutine from its first step on.
#pragma once

#include <coroutine>
#include <cstdint>
#include <deque>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "models/aio/async_wait.hpp"
#include "models/ids.hpp"
#include "models/os/ring.hpp"
#include "models/python/interpreter.hpp"
#include "models/work/context.hpp"
#include "models/work/items.hpp"
#include "sim/process.hpp"
#include "sim/time.hpp"

namespace timeslice::models {

struct Place;

/// What a loop needs of the executor that it belongs to.
class LoopOwner {
 public:
  LoopOwner() = default;
  LoopOwner(const LoopOwner&) = delete;
  LoopOwner& operator=(const LoopOwner&) = delete;
  virtual ~LoopOwner() = default;

  [[nodiscard]] virtual ExecutorIndex index() const = 0;
  /// The item is handed to a loop now.
  virtual void note(Actor& who, ItemId item) = 0;
  /// Runs the steps of `item` in the loop's thread.
  [[nodiscard]] virtual sim::Process<> work(Actor& actor, ItemId item) = 0;
  /// Its result is there; tells who waits for it.
  [[nodiscard]] virtual sim::Process<> deliver(Actor& actor, ItemId item) = 0;
  /// A sleep or an I/O was due `late` before its coroutine went on.
  virtual void note_lag(sim::Duration late) = 0;
  virtual void note_timeout() = 0;
};

/// A `timeout` that a coroutine is in; lives in its frame.
struct Deadline {
  std::uint64_t timer = 0;
  std::uint32_t cancels_before = 0;  // of the coroutine, when it was entered
  bool expired = false;
  Deadline* around = nullptr;
};

class EventLoop {
 public:
  enum class Call : std::uint8_t {
    step,
    timer,
    io,
    deadline,
    child,
    result,
    self_pipe,
    spawn,
    publish,
    stop
  };
  /// One handle of the ready queue. `who`: a coroutine, or an item of spawn and publish.
  struct Callback {
    Call call = Call::step;
    std::uint32_t who = 0;
    AsyncWait* wait = nullptr;
    std::uint64_t handle = 0;  // of timer, io and deadline
  };

  EventLoop(Context& world, LoopOwner& owner);

  [[nodiscard]] const EventLoopCosts& costs() const { return costs_; }

  // For the thread that the loop runs in, under the GIL.

  /// asyncio.run: gathers the items of `batch`, then waits for all that they created.
  [[nodiscard]] sim::Process<> run(Actor& actor, BatchId batch);
  /// A loop in a thread of its own: until it was stopped and no coroutine is left.
  [[nodiscard]] sim::Process<> run_forever(Actor& actor);

  // For other threads, under the GIL.

  /// Waits until run_forever has begun. Requires: nobody else does.
  [[nodiscard]] sim::Process<> await_start(Actor& who);

  /// call_soon_threadsafe: appends `callback` and wakes the selector, at a cost to `who`.
  [[nodiscard]] sim::Process<> call_from_thread(Actor& who, Callback callback, sim::Duration cost);

  // For the coroutine that runs.

  [[nodiscard]] CoroutineId current() const { return current_; }
  [[nodiscard]] ExecutorIndex executor() const { return owner_.index(); }
  /// Creates a task for each item of `batch`; `extra` is what the caller spends on each besides.
  [[nodiscard]] sim::Process<> create_tasks(BatchId batch, sim::Duration extra);
  /// create_tasks and waits for all of them.
  [[nodiscard]] sim::Process<> gather(BatchId batch);
  /// Sets a timer for it; 0: back of the ready queue. Follow with suspend().
  void wake_after(sim::Duration duration);
  /// A file descriptor becomes readable after `duration`. Follow with suspend().
  void wake_by_device(sim::Duration duration);
  void note_lag(sim::Duration late) { owner_.note_lag(late); }

  /// A wait for threads that was cancelled: they will still answer it.
  void keep(std::unique_ptr<AsyncWait> abandoned) { abandoned_.push_back(std::move(abandoned)); }
  /// What it waits for from here on, so what is cancelled with it. Follow with suspend().
  void wait_for_threads(BatchId batch, AsyncWait& wait);
  void wait_for_tasks(BatchId batch, std::uint32_t item);

  /// asyncio.timeout: from now on `after` passes. Then the coroutine is cancelled.
  void begin_timeout(Deadline& deadline, sim::Duration after);
  /// Its block is left; if it had expired and nobody else wants the coroutine gone, it goes on.
  void end_timeout(Deadline& deadline);

  class Suspend;
  /// Leaves the loop to others until a callback steps the coroutine again.
  [[nodiscard]] Suspend suspend();

  void push(const Callback& callback) { ready_.push(callback); }
  /// What coroutine `who` waits for is over: its step follows.
  void go_on(std::uint32_t who);
  [[nodiscard]] sim::FramePool& frame_pool() { return world_.os.frame_pool(); }

 private:
  class Step;
  friend class Suspend;

  /// What cancelling a coroutine cancels first.
  enum class Waits : std::uint8_t { nothing, timer, device, threads, tasks };
  struct Coroutine {
    sim::Process<> program;
    std::coroutine_handle<> at;    // where it goes on; null: not begun
    const Place* place = nullptr;  // in its steps
    ItemId item{};
    Waits waits = Waits::nothing;
    bool must_cancel = false;      // its next step raises CancelledError
    std::uint32_t cancels = 0;     // Task.cancelling()
    std::uint64_t handle = 0;      // of a timer or device
    BatchId batch{};               // of threads and tasks
    std::uint32_t awaited = 0;     // of the batch: an item, or all
    AsyncWait* wait = nullptr;     // of threads
    Deadline* deadline = nullptr;  // the innermost one it is in
  };
  struct Timer {
    sim::Instant when;
    std::uint64_t sequence = 0;
    std::uint32_t who = 0;
    Call call = Call::timer;

    bool operator>(const Timer& other) const {
      return when != other.when ? when > other.when : sequence > other.sequence;
    }
  };

  [[nodiscard]] CoroutineId add(ItemId item);
  [[nodiscard]] sim::Process<> turn();
  [[nodiscard]] sim::Process<> poll();
  [[nodiscard]] sim::Process<> wait_for_events();
  [[nodiscard]] sim::Duration poll_timeout() const;
  [[nodiscard]] bool has_event() const;
  void take_events();
  void take_timers();
  [[nodiscard]] std::uint64_t add_timer(std::vector<Timer>& heap, Call call, sim::Duration after);
  void forget(std::uint64_t handle);
  void drop_forgotten();
  [[nodiscard]] sim::Process<> expire(Callback callback);
  [[nodiscard]] sim::Process<> cancel(CoroutineId id);
  [[nodiscard]] sim::Process<> cancel_tasks(BatchId batch, std::uint32_t item);
  [[nodiscard]] sim::Process<> cancel_threads(CoroutineId id);
  [[nodiscard]] sim::Process<> call(Callback callback);
  [[nodiscard]] sim::Process<> step(CoroutineId id);
  [[nodiscard]] sim::Process<> read_self_pipe();
  [[nodiscard]] sim::Process<> item_main(CoroutineId id);
  [[nodiscard]] sim::Process<> root_main(BatchId batch);
  void retire(CoroutineId id);
  void record(TraceKind kind, std::uint32_t cause, std::uint64_t value);

  /// The coroutine that runs suspends at `at`; null: it has ended. Returns who goes on.
  [[nodiscard]] std::coroutine_handle<> leave_coroutine(std::coroutine_handle<> at);

  Context& world_;
  LoopOwner& owner_;
  EventLoopCosts costs_;
  Actor* actor_ = nullptr;  // the thread that it runs in
  std::uint32_t awaits_start_ = no_subject;
  Ring<Callback> ready_;
  std::vector<Timer> timers_;   // a heap
  std::vector<Timer> devices_;  // a heap
  std::uint64_t sequence_ = 0;
  std::set<std::uint64_t> forgotten_;  // cancelled timers and devices, still in a heap
  std::vector<std::unique_ptr<AsyncWait>> abandoned_;
  std::deque<Coroutine> coroutines_;
  std::vector<CoroutineId> free_;
  std::uint32_t live_ = 0;
  std::uint32_t wakeup_bytes_ = 0;  // in the self-pipe
  bool in_select_ = false;          // its thread waits there, and a byte in the pipe wakes it
  bool stopping_ = false;
  bool root_awaits_rest_ = false;
  CoroutineId root_{};
  // The coroutine that runs, and what its step left behind.
  CoroutineId current_{};
  bool stepping_ = false;
  bool ended_ = false;
  std::coroutine_handle<> loop_at_;
};

/// `co_await loop.suspend()`.
class EventLoop::Suspend {
 public:
  explicit Suspend(EventLoop& loop) : loop_{loop} {}
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  [[nodiscard]] std::coroutine_handle<> await_suspend(std::coroutine_handle<> at) const {
    return loop_.leave_coroutine(at);
  }
  void await_resume() const noexcept {}

 private:
  EventLoop& loop_;
};

inline EventLoop::Suspend EventLoop::suspend() {
  return Suspend{*this};
}

}  // namespace timeslice::models
