#include "models/python/gil.hpp"

#include <utility>

#include "models/os/wake_first.hpp"
#include "models/work/draws.hpp"
#include "sim/expect.hpp"

namespace timeslice::models {

GilAccounts::Times& GilAccounts::of(ThreadId thread) {
  if (index_of(thread) >= times_.size()) {
    times_.resize(index_of(thread) + 1);
  }
  return times_[index_of(thread)];
}

void GilAccounts::add_held(ThreadId thread, sim::Duration held) {
  of(thread).held += held;
}

void GilAccounts::add_wait(ThreadId thread, sim::Duration waited) {
  of(thread).wait += waited;
}

sim::Duration GilAccounts::held(ThreadId thread) const {
  return index_of(thread) < times_.size() ? times_[index_of(thread)].held : sim::Duration::zero();
}

sim::Duration GilAccounts::wait(ThreadId thread) const {
  return index_of(thread) < times_.size() ? times_[index_of(thread)].wait : sim::Duration::zero();
}

Gil::Gil(const GilWorld& world, ProcessId process, const GilSpec& spec)
    : world_{world}, process_{process}, spec_{spec} {
  sim::expect(spec_.switch_interval > sim::Duration::zero(), "a switch interval has a length");
  if (!spec_.enabled) {
    free_ = std::make_unique<FreeThreads>(
        world.os, process, spec_,
        FreeThreads::Costs{.poll = world.poll, .wake_call = world.wake_cost});
  }
}

bool Gil::try_take(ThreadId thread) {
  if (free_) {
    return free_->try_attach(thread);
  }
  if (locked_ || state_held_) {
    return false;
  }
  become_holder(thread);
  return true;
}

void Gil::become_holder(ThreadId thread) {
  record(TraceKind::gil_take, thread, last_holder_, 0);
  locked_ = true;
  holder_ = thread;
  since_ = now();
  drop_requested_ = false;
  requester_ = no_subject;
  if (last_holder_ == raw(thread)) {
    return;
  }
  if (last_holder_ != no_subject) {
    world_.accounts.add_switch();
  }
  last_holder_ = raw(thread);
  ++switch_number_;
  if (awaiting_switch_ != no_subject) {
    world_.os.wake(ThreadId{awaiting_switch_}, WakeCause{.thread = raw(thread)});
    awaiting_switch_ = no_subject;
  }
}

sim::Process<> Gil::take(ThreadId thread) {
  if (try_take(thread)) {
    co_return;
  }
  if (free_) {
    co_await free_->attach(thread);
    co_return;
  }
  const sim::Instant asked = now();
  record(TraceKind::gil_wait, thread, raw(holder_), 0);
  const WaitCause cause{.what = WaitFor::gil, .object = static_cast<std::uint32_t>(process_)};
  co_await lock_state(thread);
  while (locked_) {
    const std::uint64_t seen = switch_number_;
    waiters_.add(thread);
    const WakeResult result = co_await world_.os.block_for(thread, spec_.switch_interval, cause);
    waiters_.remove(thread);
    co_await lock_state(thread);
    if (result == WakeResult::timed_out && locked_ && switch_number_ == seen) {
      ask_for_it(thread);
    }
  }
  become_holder(thread);
  world_.accounts.add_wait(thread, now() - asked);
  if (world_.take_cost > sim::Duration::zero()) {
    const Work work{.kind = WorkKind::python, .nominal_ns = sim::as_ns(world_.take_cost)};
    co_await world_.os.run(thread, work);
  }
}

void Gil::ask_for_it(ThreadId thread) {
  record(TraceKind::gil_request, thread, raw(holder_), 0);
  drop_requested_ = true;
  requester_ = raw(thread);
  world_.os.interrupt(holder_);
}

bool Gil::try_drop(ThreadId thread) {
  if (free_) {
    free_->detach(thread);
    return true;
  }
  if (drop_requested_ || !waiters_.empty()) {
    return false;
  }
  release(thread);
  return true;
}

void Gil::release(ThreadId thread) {
  sim::expect(held_by(thread), "only the holder drops the GIL");
  record(TraceKind::gil_drop, thread, no_subject, drop_requested_ ? 1 : 0);
  settle();
  locked_ = false;
}

void Gil::settle() {
  if (locked_) {
    world_.accounts.add_held(holder_, now() - since_);
    since_ = now();
  }
}

sim::Process<> Gil::drop(ThreadId thread) {
  if (free_) {
    free_->detach(thread);
    co_return;
  }
  const bool forced = co_await let_go(thread);
  if (forced && last_holder_ == raw(thread)) {
    co_await wait_for_switch(thread);
  }
}

sim::Process<> Gil::drop_for_good(ThreadId thread) {
  if (!try_drop(thread)) {
    static_cast<void>(co_await let_go(thread));
  }
}

sim::Process<bool> Gil::let_go(ThreadId thread) {
  const bool forced = drop_requested_;
  release(thread);
  drop_requested_ = false;
  if (signal(thread)) {
    state_held_ = true;
    co_await pay_wake(thread);
    co_await unlock_state(thread);
  }
  co_return forced;
}

sim::Process<> Gil::pay_wake(ThreadId thread) {
  if (world_.wake_cost > sim::Duration::zero()) {
    const Work call{.kind = WorkKind::kernel, .nominal_ns = sim::as_ns(world_.wake_cost)};
    co_await world_.os.run(thread, call);
    const Work back{.kind = WorkKind::native, .nominal_ns = 0.0};  // here it may lose its CPU
    co_await world_.os.run(thread, back);
  }
}

sim::Process<> Gil::lock_state(ThreadId thread) {
  const WaitCause cause{.what = WaitFor::gil, .object = static_cast<std::uint32_t>(process_)};
  bool waited = false;
  while (state_held_) {
    waited = true;
    state_waiters_.push(thread);
    co_await world_.os.block(thread, cause);
  }
  if (waited) {  // it gives the mutex back at once, to the next one
    co_await unlock_state(thread);
  }
}

sim::Process<> Gil::unlock_state(ThreadId thread) {
  state_held_ = false;
  if (wake_first(world_.os, state_waiters_, WakeCause{.thread = raw(thread)})) {
    co_await pay_wake(thread);
  }
}

sim::Process<> Gil::wait_for_switch(ThreadId thread) {
  const WaitCause cause{.what = WaitFor::gil_switch,
                        .object = static_cast<std::uint32_t>(process_)};
  while (last_holder_ == raw(thread)) {
    awaiting_switch_ = raw(thread);
    co_await world_.os.block(thread, cause);
  }
}

bool Gil::signal(ThreadId waker) {
  while (!waiters_.empty()) {
    // A waiter whose time-out has just expired is no longer in the condition's queue.
    if (world_.os.wake(take_heir(), WakeCause{.thread = raw(waker)})) {
      return true;
    }
  }
  return false;
}

sim::DrawKey Gil::next_draw() {
  constexpr std::uint32_t stream = task_key("(gil heir)");
  ++draws_;
  return {.task = stream,
          .item = static_cast<std::uint32_t>(process_),
          .step = static_cast<std::uint32_t>(draws_ >> 32U),
          .count = static_cast<std::uint32_t>(draws_)};
}

/// Who asked for the drop has just gone back to waiting: it may not be asleep yet.
ThreadId Gil::take_heir() {
  const std::uint32_t requester = std::exchange(requester_, no_subject);
  switch (spec_.heir) {
    case GilHeir::first:
      return waiters_.take(0);
    case GilHeir::last:
      return waiters_.take(waiters_.size() - 1);
    case GilHeir::random:
      return waiters_.take(
          waiters_.size() == 1 ? 0 : world_.random.below(next_draw(), waiters_.size()));
    case GilHeir::condition:
      break;
  }
  if (requester == no_subject || !waiters_.could_overtake(ThreadId{requester}) ||
      world_.random.uniform(next_draw()) >= spec_.requester_overtakes) {
    return waiters_.take_next();
  }
  waiters_.overtake(ThreadId{requester});
  return ThreadId{requester};
}

sim::Process<> Gil::run(ThreadId thread, double nominal_ns, double shared) {
  if (free_) {
    co_await free_->run(thread, nominal_ns, shared);
    co_return;
  }
  Work left{.kind = WorkKind::python, .nominal_ns = nominal_ns};
  const double poll_ns = sim::as_ns(world_.poll);
  while (left.nominal_ns > 0.0) {
    sim::expect(held_by(thread), "bytecode runs under the GIL");
    if (drop_requested_) {
      co_await look(thread);
    }
    left.nominal_ns = co_await world_.os.run_interruptible(thread, left, poll_ns);
  }
}

sim::Process<> Gil::look(ThreadId thread) {
  if (free_) {
    if (free_->must_stop(thread)) {
      co_await free_->stop(thread);
    }
    co_return;
  }
  if (drop_requested_) {
    co_await drop(thread);
    co_await take(thread);
  }
}

void Gil::record(TraceKind kind, ThreadId subject, std::uint32_t cause, std::uint64_t value) {
  world_.trace.record({.time_ns = now().time_since_epoch().count(),
                       .kind = static_cast<std::uint16_t>(kind),
                       .cpu = no_cpu,
                       .subject = raw(subject),
                       .object = static_cast<std::uint32_t>(process_),
                       .cause = cause,
                       .value = value});
}

}  // namespace timeslice::models
