#include "models/work/monitor.hpp"

#include <algorithm>

#include "models/python/interpreter.hpp"
#include "models/work/context.hpp"
#include "sim/expect.hpp"

namespace timeslice::models {

namespace {

/// What one call costs besides waiting. C++: a part of the cost of a pool's task, which has two
/// pairs of lock and unlock; a guess.
sim::Duration cost_of_call(const Context& world) {
  return world.python() ? world.costs().sync : world.costs().cpp_task / 4;
}

}  // namespace

Monitor::Monitor(Dispatcher& os, const LockSpec& spec, std::uint32_t id, double lines)
    : spec_{spec},
      id_{id},
      mutex_{os, id, nullptr, lines},
      count_{spec.kind == LockKind::semaphore ? spec.value : 0} {}

sim::Process<> Monitor::step(Actor& actor, SyncStep::What what) {
  co_await lock(actor);
  co_await bytecode(actor, cost_of_call(actor.world), Code::sync);
  switch (what) {
    case SyncStep::What::put:
      co_await put(actor);
      break;
    case SyncStep::What::get:
      co_await get(actor);
      break;
    case SyncStep::What::set:
      count_ = 1;
      co_await notify(actor, takers_, all);
      break;
    case SyncStep::What::wait:
      while (count_ == 0) {
        co_await wait(actor, takers_);
      }
      break;
    case SyncStep::What::barrier:
      co_await meet(actor);
      break;
  }
  co_await unlock(actor);
}

sim::Process<> Monitor::put(Actor& actor) {
  while (spec_.capacity > 0 && count_ >= spec_.capacity) {
    co_await wait(actor, givers_);
  }
  ++count_;
  co_await notify(actor, takers_, 1);
}

sim::Process<> Monitor::get(Actor& actor) {
  while (count_ == 0) {
    co_await wait(actor, takers_);
  }
  --count_;
  co_await notify(actor, givers_, 1);
}

sim::Process<> Monitor::meet(Actor& actor) {
  const std::uint64_t meeting = meetings_;
  ++count_;
  if (count_ == spec_.parties) {
    count_ = 0;
    ++meetings_;
    co_await notify(actor, takers_, all);
  }
  while (meetings_ == meeting) {
    co_await wait(actor, takers_);
  }
}

bool Monitor::may_enter(bool reads) const {
  if (spec_.kind == LockKind::semaphore) {
    return count_ > 0;
  }
  return !writing_ && (reads || count_ == 0);
}

sim::Process<> Monitor::acquire(Actor& actor, bool reads) {
  const bool writes = spec_.kind == LockKind::rwlock && !reads;
  co_await lock(actor);
  co_await bytecode(actor, cost_of_call(actor.world), Code::sync);
  while (!may_enter(reads)) {
    co_await wait(actor, writes ? givers_ : takers_);
  }
  if (spec_.kind == LockKind::semaphore) {
    --count_;
  } else if (reads) {
    ++count_;
  } else {
    writing_ = true;
  }
  co_await unlock(actor);
}

sim::Process<> Monitor::release(Actor& actor, bool reads) {
  co_await lock(actor);
  co_await bytecode(actor, cost_of_call(actor.world), Code::sync);
  if (spec_.kind == LockKind::semaphore) {
    ++count_;
    co_await notify(actor, takers_, 1);
  } else {
    count_ -= reads ? 1U : 0U;
    writing_ = false;
    co_await notify(actor, takers_, all);
    if (count_ == 0) {
      co_await notify(actor, givers_, 1);
    }
  }
  co_await unlock(actor);
}

sim::Process<> Monitor::lock(Actor& actor) {
  // Lock.acquire tries without releasing the GIL first (facts: CPython, _threadmodule.c).
  if (mutex_.try_lock(actor.thread)) {
    if (mutex_.has_lines()) {
      co_await actor.world.os.pay_call(actor.thread);
    }
    co_return;
  }
  if (!quick_leave(actor)) {
    co_await leave(actor);
  }
  co_await mutex_.lock(actor.thread);
  if (!quick_enter(actor)) {
    co_await enter(actor);
  }
}

sim::Process<> Monitor::unlock(Actor& actor) {
  if (!mutex_.try_unlock(actor.thread)) {
    co_await mutex_.unlock(actor.thread);
  }
}

sim::Process<> Monitor::wait(Actor& actor, WaitQueue& waiters) {
  waiters.push(actor.thread);
  co_await unlock(actor);
  if (!quick_leave(actor)) {
    co_await leave(actor);
  }
  const WaitCause cause{.what = WaitFor::lock, .object = id_};
  while (waiters.contains(actor.thread)) {
    co_await actor.world.os.block(actor.thread, cause);
  }
  if (!quick_enter(actor)) {
    co_await enter(actor);
  }
  co_await lock(actor);
}

sim::Process<> Monitor::notify(Actor& actor, WaitQueue& waiters, std::size_t most) {
  for (std::size_t left = std::min(most, waiters.size()); left > 0 && !waiters.empty(); --left) {
    co_await wake(actor, waiters.pop());
  }
}

}  // namespace timeslice::models
