#include "models/os/mutex.hpp"

#include "models/os/kernel_work.hpp"
#include "models/trace_kinds.hpp"
#include "sim/expect.hpp"

namespace timeslice::models {

namespace {

sim::TraceRecord record_of(Dispatcher& dispatcher, TraceKind kind, ThreadId thread,
                           std::uint32_t id) {
  return {.time_ns = dispatcher.engine().now().time_since_epoch().count(),
          .kind = static_cast<std::uint16_t>(kind),
          .cpu = static_cast<std::uint16_t>(dispatcher.cpu_of(thread)),
          .subject = static_cast<std::uint32_t>(thread),
          .object = id,
          .cause = no_subject};
}

}  // namespace

void Mutex::take(ThreadId thread) {
  holder_ = thread;
  dispatcher_.trace().record(record_of(dispatcher_, TraceKind::lock_taken, thread, id_));
}

void Mutex::release(ThreadId thread) {
  sim::expect(holder_ == thread, "only the holder of a mutex releases it");
  holder_.reset();
  dispatcher_.trace().record(record_of(dispatcher_, TraceKind::lock_released, thread, id_));
}

bool Mutex::try_lock(ThreadId thread) {
  sim::expect(holder_ != thread, "a thread does not take a mutex that it holds");
  if (holder_) {
    return false;
  }
  take(thread);
  return true;
}

sim::Process<> Mutex::lock(ThreadId thread) {
  bool entered = false;
  while (!try_lock(thread)) {
    const sim::Duration cost = dispatcher_.costs().syscall;
    if (!entered && cost > sim::Duration::zero()) {
      const Work entry = kernel_work(cost);
      co_await dispatcher_.run(thread, entry);
      entered = true;  // and looks again before it sleeps
      continue;
    }
    sim::TraceRecord wait = record_of(dispatcher_, TraceKind::lock_wait, thread, id_);
    wait.cause = static_cast<std::uint32_t>(holder_.value_or(thread));
    dispatcher_.trace().record(wait);
    waiters_.push(thread);
    const WaitCause cause{.what = WaitFor::lock, .object = id_};
    co_await dispatcher_.block(thread, cause);
    entered = false;
  }
}

bool Mutex::try_unlock(ThreadId thread) {
  if (!waiters_.empty()) {
    return false;
  }
  release(thread);
  return true;
}

sim::Process<> Mutex::unlock(ThreadId thread) {
  release(thread);
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
    dispatcher_.wake(waiters_.pop(), cause);
  }
}

}  // namespace timeslice::models
