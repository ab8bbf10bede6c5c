#include "models/os/gate.hpp"

#include "models/os/kernel_work.hpp"

namespace timeslice::models {

sim::Process<> Gate::wait(ThreadId thread) {
  if (open_) {
    co_return;
  }
  const sim::Duration cost = dispatcher_.costs().syscall;
  if (cost > sim::Duration::zero()) {
    const Work entry = kernel_work(cost);
    co_await dispatcher_.run(thread, entry);
  }
  if (!open_) {
    waiters_.push(thread);
    co_await dispatcher_.block(thread, cause_);
  }
}

void Gate::open(WakeCause cause) {
  open_ = true;
  while (!waiters_.empty()) {
    dispatcher_.wake(waiters_.pop(), cause);
  }
}

}  // namespace timeslice::models
