#include "models/os/semaphore.hpp"

#include "models/os/kernel_work.hpp"
#include "models/os/wake_first.hpp"

namespace timeslice::models {

bool Semaphore::try_acquire() {
  if (value_ == 0) {
    return false;
  }
  --value_;
  return true;
}

sim::Process<> Semaphore::acquire(ThreadId thread) {
  const WaitCause cause{.what = WaitFor::lock, .object = id_};
  while (!try_acquire()) {
    const sim::Duration cost = dispatcher_.costs().syscall;
    if (cost > sim::Duration::zero()) {
      const Work entry = kernel_work(cost);
      co_await dispatcher_.run(thread, entry);
    }
    if (value_ == 0) {
      waiters_.push(thread);
      co_await dispatcher_.block(thread, cause);
    }
  }
}

sim::Process<WakeResult> Semaphore::acquire_for(ThreadId thread, sim::Duration timeout) {
  const WaitCause cause{.what = WaitFor::lock, .object = id_};
  const sim::Instant give_up = dispatcher_.engine().now() + timeout;
  while (!try_acquire()) {
    const sim::Duration cost = dispatcher_.costs().syscall;
    if (cost > sim::Duration::zero()) {
      const Work entry = kernel_work(cost);
      co_await dispatcher_.run(thread, entry);
    }
    if (value_ > 0) {
      continue;
    }
    const sim::Duration left = give_up - dispatcher_.engine().now();
    if (left <= sim::Duration::zero()) {
      co_return WakeResult::timed_out;
    }
    waiters_.push(thread);
    const WakeResult result = co_await dispatcher_.block_for(thread, left, cause);
    if (result == WakeResult::timed_out && waiters_.remove(thread)) {
      co_return WakeResult::timed_out;
    }
  }
  co_return WakeResult::woken;
}

sim::Process<> Semaphore::release(ThreadId thread) {
  ++value_;
  if (waiters_.empty()) {
    co_return;
  }
  const sim::Duration cost = dispatcher_.costs().wake_syscall;
  if (cost > sim::Duration::zero()) {
    const Work call = kernel_work(cost);
    co_await dispatcher_.run(thread, call);
  }
  wake_first(dispatcher_, waiters_, WakeCause{.thread = static_cast<std::uint32_t>(thread)});
  co_await dispatcher_.pay_call(thread);
}

}  // namespace timeslice::models
