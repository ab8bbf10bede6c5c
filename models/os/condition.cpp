#include "models/os/condition.hpp"

#include "models/os/kernel_work.hpp"
#include "sim/expect.hpp"

namespace timeslice::models {

sim::Process<> Condition::wait(ThreadId thread, Mutex& mutex) {
  sim::expect(mutex.holder() == thread, "who waits for a condition holds its mutex");
  waiters_.push(thread);
  // The mutex is released by the waiter itself; a signal before it sleeps must not be lost.
  co_await mutex.unlock(thread);
  if (waiters_.contains(thread)) {
    const WaitCause cause{.what = WaitFor::condition, .object = id_};
    co_await dispatcher_.block(thread, cause);
  }
  co_await mutex.lock(thread);
}

sim::Process<WakeResult> Condition::wait_for(ThreadId thread, Mutex& mutex, sim::Duration timeout) {
  sim::expect(mutex.holder() == thread, "who waits for a condition holds its mutex");
  waiters_.push(thread);
  co_await mutex.unlock(thread);
  WakeResult result = WakeResult::woken;
  if (waiters_.contains(thread)) {
    const WaitCause cause{.what = WaitFor::condition, .object = id_};
    result = co_await dispatcher_.block_for(thread, timeout, cause);
    if (result == WakeResult::timed_out) {
      // Signalled at the same instant as the time-out: it counts as signalled.
      const bool still_waiting = waiters_.remove(thread);
      result = still_waiting ? WakeResult::timed_out : WakeResult::woken;
    }
  }
  co_await mutex.lock(thread);
  co_return result;
}

sim::Process<> Condition::signal(ThreadId thread) {
  if (waiters_.empty()) {
    co_return;
  }
  const sim::Duration cost = dispatcher_.costs().wake_syscall;
  if (cost > sim::Duration::zero()) {
    const Work call = kernel_work(cost);
    co_await dispatcher_.run(thread, call);
  }
  if (!waiters_.empty()) {
    const WakeCause cause{.thread = static_cast<std::uint32_t>(thread)};
    dispatcher_.wake(waiters_.pop(), cause);  // false: it was on its way to sleep
  }
  co_await dispatcher_.pay_call(thread);
}

sim::Process<> Condition::broadcast(ThreadId thread) {
  if (waiters_.empty()) {
    co_return;
  }
  const sim::Duration cost = dispatcher_.costs().wake_syscall;
  if (cost > sim::Duration::zero()) {
    const Work call = kernel_work(cost);
    co_await dispatcher_.run(thread, call);
  }
  for (std::size_t left = waiters_.size(); left > 0; --left) {
    const WakeCause cause{.thread = static_cast<std::uint32_t>(thread)};
    dispatcher_.wake(waiters_.pop(), cause);
  }
  co_await dispatcher_.pay_call(thread);
}

}  // namespace timeslice::models
