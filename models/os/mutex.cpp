#include "models/os/mutex.hpp"

#include <algorithm>

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

void Mutex::take(ThreadId thread, bool slept) {
  holder_ = thread;
  if (lines_ > 0.0 && lines_at_ && !slept) {
    dispatcher_.fetch_lines(thread, *lines_at_, lines_);
  }
  dispatcher_.trace().record(record_of(dispatcher_, TraceKind::lock_taken, thread, id_));
  if (inheritance_ != nullptr) {
    inheritance_->takes(thread, *this);
  }
}

void Mutex::release(ThreadId thread) {
  sim::expect(holder_ == thread, "only the holder of a mutex releases it");
  holder_.reset();
  lines_at_ = dispatcher_.cpu_of(thread);
  dispatcher_.trace().record(record_of(dispatcher_, TraceKind::lock_released, thread, id_));
  if (inheritance_ != nullptr) {
    inheritance_->releases(thread, *this);
  }
}

std::int64_t Mutex::urgency_of_waiters() const {
  std::int64_t most = 0;
  for (std::size_t i = 0; i < waiters_.size(); ++i) {
    most = std::max(most, dispatcher_.urgency(waiters_.at(i)));
  }
  return most;
}

/// The most urgent one, of equal ones the first: futexes keep their waiters by real-time priority
/// (plist in kernel/futex of Linux 6.12).
ThreadId Mutex::pop_waiter() {
  if (!dispatcher_.has_classes()) {
    return waiters_.pop();
  }
  const std::int64_t most = urgency_of_waiters();
  std::size_t first = 0;
  while (dispatcher_.urgency(waiters_.at(first)) != most) {
    ++first;
  }
  const ThreadId thread = waiters_.at(first);
  waiters_.remove(thread);
  return thread;
}

/// Waiters that were killed.
void Mutex::forget_gone() {
  for (std::size_t i = waiters_.size(); i > 0; --i) {
    const ThreadId waiter = waiters_.at(i - 1);
    if (dispatcher_.gone(waiter)) {
      waiters_.remove(waiter);
    }
  }
}

/// In one go, so that nobody sees it free and the holder stays urgent until then.
void Mutex::hand_over(ThreadId from) {
  const ThreadId next = pop_waiter();
  inheritance_->waits_no_more(next);
  release(from);
  take(next, true);
  dispatcher_.wake(next, {.thread = static_cast<std::uint32_t>(from)});
}

bool Mutex::try_lock(ThreadId thread) {
  sim::expect(holder_ != thread, "a thread does not take a mutex that it holds");
  if (holder_) {
    return false;
  }
  take(thread, false);
  return true;
}

sim::Process<> Mutex::lock(ThreadId thread) {
  sim::expect(holder_ != thread, "a thread does not take a mutex that it holds");
  bool entered = false;
  bool slept = false;
  while (holder_) {
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
    if (inheritance_ != nullptr) {
      inheritance_->waits(thread, *this);
    }
    const WaitCause cause{.what = WaitFor::lock, .object = id_};
    co_await dispatcher_.block(thread, cause);
    if (inheritance_ != nullptr) {
      sim::expect(holder_ == thread, "who is woken was handed the mutex");
      co_return;
    }
    entered = false;
    slept = true;
  }
  take(thread, slept);
}

bool Mutex::try_unlock(ThreadId thread) {
  forget_gone();
  if (!waiters_.empty()) {
    return false;
  }
  release(thread);
  return true;
}

sim::Process<> Mutex::unlock(ThreadId thread) {
  forget_gone();
  const bool hands_over = inheritance_ != nullptr && !waiters_.empty();
  if (!hands_over) {
    release(thread);
  }
  if (waiters_.empty()) {
    co_return;
  }
  const sim::Duration cost = dispatcher_.costs().wake_syscall;
  if (cost > sim::Duration::zero()) {
    const Work call = kernel_work(cost);
    co_await dispatcher_.run(thread, call);
  }
  forget_gone();
  if (hands_over && waiters_.empty()) {
    release(thread);
  } else if (hands_over) {
    hand_over(thread);
  } else if (!waiters_.empty()) {
    const WakeCause cause{.thread = static_cast<std::uint32_t>(thread)};
    dispatcher_.wake(pop_waiter(), cause);
  }
  co_await dispatcher_.pay_call(thread);
}

}  // namespace timeslice::models
