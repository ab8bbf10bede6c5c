// How an event loop gives work up: asyncio.timeout, Task.cancel and what they reach.
//
// Task.cancel cancels what the task waits for; only then, in a later turn, the task itself goes on
// with CancelledError. Tasks that it awaits or gathers are cancelled first and it waits for their
// end; items in threads are given up if nobody has begun them, and go on unheard if somebody has.
// Source: CPython 3.11, Lib/asyncio/timeouts.py, tasks.py, futures.py; docs/models/asyncio.md.
#include "models/aio/event_loop.hpp"
#include "models/pool/executor.hpp"

namespace timeslice::models {

void EventLoop::wait_for_threads(BatchId batch, AsyncWait& wait) {
  Coroutine& it = coroutines_[index_of(current_)];
  it.waits = Waits::threads;
  it.batch = batch;
  it.wait = &wait;
}

void EventLoop::wait_for_tasks(BatchId batch, std::uint32_t item) {
  Coroutine& it = coroutines_[index_of(current_)];
  it.waits = Waits::tasks;
  it.batch = batch;
  it.awaited = item;
}

void EventLoop::begin_timeout(Deadline& deadline, sim::Duration after) {
  Coroutine& it = coroutines_[index_of(current_)];
  deadline = {.timer = add_timer(timers_, Call::deadline, after),
              .cancels_before = it.cancels,
              .around = it.deadline};
  it.deadline = &deadline;
}

void EventLoop::end_timeout(Deadline& deadline) {
  Coroutine& it = coroutines_[index_of(current_)];
  it.deadline = deadline.around;
  if (!deadline.expired) {
    forget(deadline.timer);
    return;
  }
  --it.cancels;
  if (actor_->cancelled && it.cancels <= deadline.cancels_before) {
    actor_->cancelled = false;
    owner_.note_timeout();
  }
}

void EventLoop::forget(std::uint64_t handle) {
  forgotten_.insert(handle);
}

sim::Process<> EventLoop::expire(Callback callback) {
  Deadline* deadline = coroutines_[callback.who].deadline;
  while (deadline != nullptr && deadline->timer != callback.handle) {
    deadline = deadline->around;
  }
  if (deadline == nullptr) {
    co_return;  // its block was left in this very turn
  }
  co_await bytecode(*actor_, costs().cancel, Code::loop_timer);
  deadline->expired = true;
  const CoroutineId id{callback.who};
  co_await cancel(id);
}

sim::Process<> EventLoop::cancel(CoroutineId id) {
  Coroutine& it = coroutines_[index_of(id)];
  ++it.cancels;
  it.must_cancel = true;
  switch (it.waits) {
    case Waits::nothing:
      break;  // its step is in the ready queue
    case Waits::timer:
    case Waits::device:
      forget(it.handle);
      it.handle = 0;
      go_on(static_cast<std::uint32_t>(id));
      break;
    case Waits::threads:
      co_await cancel_threads(id);
      break;
    case Waits::tasks:
      co_await cancel_tasks(it.batch, it.awaited);
      break;
  }
}

/// The last of them lets the coroutine go on that waits.
sim::Process<> EventLoop::cancel_tasks(BatchId batch, std::uint32_t item) {
  const bool all = item == AsyncWait::all;
  const std::uint32_t end = all ? world_.items.batch(batch).count : item + 1;
  for (std::uint32_t offset = all ? 0 : item; offset < end; ++offset) {
    const Item& child = world_.items.item(item_of(world_.items.batch(batch), offset));
    if (!child.is_readable()) {
      const CoroutineId id{child.coroutine};
      co_await cancel(id);
    }
  }
}

sim::Process<> EventLoop::cancel_threads(CoroutineId id) {
  const Coroutine& it = coroutines_[index_of(id)];
  it.wait->abandoned = true;
  const BatchId batch = it.batch;
  Executor& executor = *world_.executors[index_of(world_.items.batch(batch).executor)];
  co_await executor.cancel_waiting(*actor_, batch);
  go_on(static_cast<std::uint32_t>(id));
}

}  // namespace timeslice::models
