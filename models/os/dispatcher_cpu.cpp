#include <algorithm>

#include "models/os/dispatcher_state.hpp"
#include "models/os/linux_balance.hpp"
#include "sim/expect.hpp"

namespace timeslice::models {

namespace {

sim::Instant instant(std::int64_t ns) {
  return sim::Instant{sim::Duration{ns}};
}

EnqueueReason reason_of(SwitchOut why) {
  switch (why) {
    case SwitchOut::slice_used_up:
      return EnqueueReason::slice_used_up;
    case SwitchOut::yielded:
      return EnqueueReason::yielded;
    default:
      return EnqueueReason::preempted;
  }
}

}  // namespace

void Dispatcher::State::on_cpu_event(std::uint32_t cpu) {
  settle(cpu);
  switch (cpus[cpu].phase) {
    case Phase::idle:
      break;
    case Phase::waking:
      schedule(cpu, nobody, SwitchOut::blocked);
      break;
    case Phase::switching:
    case Phase::interrupted:
      start_running(cpu);
      course(cpu);
      break;
    case Phase::running:
      on_running(cpu);
      break;
  }
}

/// Brings accounts, progress of the running segment and the policy's charge up to now.
void Dispatcher::State::settle(std::uint32_t cpu) {
  Cpu& it = cpus[cpu];
  queues.tell_time(engine.now());
  const std::int64_t elapsed = now() - it.settled;
  if (elapsed == 0) {
    return;
  }
  charge_cpu(it, elapsed, it.accounts);
  if (states != nullptr) {
    log_state(cpu, elapsed);
  }
  if (it.thread != nobody) {
    const double done = work_done(it, elapsed, now());
    threads[it.thread].remaining_ns -= done;
    ThreadAccounts& account = ledgers[it.thread].so_far;
    account.cpu_time += sim::Duration{elapsed};
    account.nominal_done_ns += done;
    queues.charge(seat(it.thread), sim::Duration{elapsed});
    if (done > 0.0 && !threads[it.thread].background) {
      engine.note_progress();
    }
  }
  it.settled = now();
  if (it.clock != no_clock) {
    it.clock_seen = shared->clock_at(it.clock, now());
  }
  if (!per_cpu) {
    it.shared_wait_seen = shared_waited(now());
  }
}

/// What ends or changes the running segment first.
std::int64_t Dispatcher::State::next_while_running(std::uint32_t cpu) {
  Cpu& it = cpus[cpu];
  if (it.must_reschedule && !holds_on(it)) {
    return now();
  }
  const std::int64_t next = std::min({it.completes_at, it.slice_end, it.quota_end, it.lazy_at,
                                      rates.next_change(cpu), it.interruption});
  if (linux_balance) {
    it.balance_tick = std::min(it.balance_tick, linux_balance->next_tick(cpu));
    return std::min(next, it.balance_tick);
  }
  const bool tick_matters =
      it.waiting > 0 ? watches_ticks : watches_siblings && busy_in_core[it.core] > 1;
  if (!tick_matters) {
    return next;
  }
  if (it.balance_tick == never) {
    it.balance_tick = tick_at_or_after(it, now() + 1);
  }
  return std::min(next, it.balance_tick);
}

/// Stores the CPU's next event.
void Dispatcher::State::arm(std::uint32_t cpu) {
  Cpu& it = cpus[cpu];
  std::int64_t next = it.phase == Phase::idle ? never : it.phase_end;
  if (it.phase == Phase::running) {
    next = next_while_running(cpu);
  }
  if (next == never) {
    engine.clear_slot(it.slot);
  } else {
    engine.set_slot(it.slot, instant(std::max(next, now())));
  }
}

/// Whether a slice must be watched. With a shared queue it always is: to arm all CPUs when somebody
/// begins to wait would cost O(CPUs).
bool Dispatcher::State::has_rivals(std::uint32_t cpu) const {
  return !per_cpu || cpus[cpu].waiting > 0;
}

std::int64_t Dispatcher::State::tick_at_or_after(const Cpu& cpu, std::int64_t when) const {
  const std::int64_t tick = os.tick.count();
  if (when <= cpu.tick_phase) {
    return cpu.tick_phase;
  }
  return cpu.tick_phase + (when - cpu.tick_phase + tick - 1) / tick * tick;
}

/// The thread may run `left` longer; with ticks, until the first tick from then on.
void Dispatcher::State::limit_slice(std::uint32_t cpu, sim::Duration left) {
  Cpu& it = cpus[cpu];
  constexpr std::int64_t far = never / 4;
  if (left.count() >= far) {
    it.slice_end = never;
    return;
  }
  const std::int64_t used_up = now() + left.count();
  it.slice_end = os.tick > sim::Duration::zero() ? tick_at_or_after(it, used_up) : used_up;
}

/// Calls an idle CPU for a thread that waits; it picks when it is awake.
void Dispatcher::State::begin_waking(std::uint32_t cpu, WakeCause cause) {
  settle(cpu);
  Cpu& it = cpus[cpu];
  const OsCosts& costs = machine.costs;
  const bool by_timer = cause.thread == nobody && costs.wake_by_timer > sim::Duration::zero();
  sim::Duration latency = by_timer ? costs.wake_by_timer : costs.wake_idle_cpu;
  if (!by_timer && costs.wake_idle_cpu_jitter > sim::Duration::zero()) {
    const double span = static_cast<double>(costs.wake_idle_cpu_jitter.count());
    latency += sim::Duration{static_cast<std::int64_t>(span * jitter_draws.next(random))};
  }
  ++cpus_called;
  it.phase = Phase::waking;
  it.phase_end = now() + latency.count();
  settle_idle_account();
  idle.erase(cpu);
  if (linux_balance) {
    linux_balance->cpu_called(cpu);
  }
  arm(cpu);
}

/// Times the rest of the thread's present segment at the present rate.
void Dispatcher::State::begin_segment(std::uint32_t cpu) {
  if (shared) {
    begin_shared_segment(cpu);
    return;
  }
  Cpu& it = cpus[cpu];
  const Thread& thread = threads[it.thread];
  it.rate = rates.rate(cpu, thread.kind, busy_in_core[it.core]);
  const std::int64_t length = wall_ns(thread.remaining_ns, it.rate);
  it.completes_at = length >= never - now() ? never : now() + length;
}

void Dispatcher::State::start_running(std::uint32_t cpu) {
  cpus[cpu].phase = Phase::running;
  Thread& thread = threads[cpus[cpu].thread];
  if (thread.stop_asked != 0) {
    stop_at_next_poll(thread);
  }
  if (rates.next_change(cpu) <= now()) {
    advance_speed(cpu);
  }
  begin_segment(cpu);
  if (machine.interruptions.every > sim::Duration::zero() &&
      (cpus[cpu].interruption <= now() || cpus[cpu].interruption == never)) {
    plan_interruption(cpu, now());  // those that came meanwhile met nobody, or the switch
  }
}

void Dispatcher::State::advance_speed(std::uint32_t cpu) {
  constexpr double millionths = 1e6;
  const double factor = rates.advance(cpu, now());
  note(TraceKind::speed_changed, {.cpu = static_cast<std::uint16_t>(cpu),
                                  .subject = cpu,
                                  .cause = no_subject,
                                  .value = static_cast<std::uint64_t>(factor * millionths)});
}

void Dispatcher::State::on_running(std::uint32_t cpu) {
  Cpu& it = cpus[cpu];
  if (rates.next_change(cpu) <= now()) {
    advance_speed(cpu);
    begin_segment(cpu);
  }
  const bool tick_due = it.balance_tick <= now();
  if (tick_due) {
    it.balance_tick = never;
    if (linux_balance) {
      if (linux_balance->tick(cpu)) {
        return;
      }
    } else {
      balance_at_tick(cpu);
    }
    if (!linux_balance && it.completes_at > now() && moves_to_idle_core(cpu)) {
      return;
    }
  }
  if (tick_due || it.slice_end <= now()) {
    rotate_if_due();
  }
  if (it.completes_at <= now()) {
    complete(cpu);
  } else if (it.interruption <= now()) {
    begin_interruption(cpu);
  } else {
    course(cpu);
  }
}

/// A slice may have grown since its end was set: a rival left, or the policy looks at ticks only.
bool Dispatcher::State::slice_is_over(std::uint32_t cpu) const {
  return !per_cpu || queues.slice_left(seat(cpus[cpu].thread)) <= sim::Duration::zero();
}

std::optional<SwitchOut> Dispatcher::State::reason_to_stop(std::uint32_t cpu) {
  Cpu& it = cpus[cpu];
  if (it.lazy_at <= now()) {
    it.lazy_at = never;
    it.must_reschedule = true;
  }
  if (it.quota_end <= now()) {
    if (!queues.draw_runtime(seat(it.thread))) {
      it.quota_end = never;
      return SwitchOut::throttled;
    }
    limit_by_quota(cpu);
  }
  if (it.slice_end <= now() && !it.must_reschedule && !slice_is_over(cpu)) {
    limit_slice(cpu, queues.slice_left(seat(it.thread)));
  }
  if (it.slice_end <= now()) {
    it.slice_end = never;
    return SwitchOut::slice_used_up;
  }
  return it.must_reschedule ? std::optional{SwitchOut::preempted} : std::nullopt;
}

void Dispatcher::State::course(std::uint32_t cpu) {
  const bool holds = holds_on(cpus[cpu]);  // asked while the end of the slice is still there
  const std::optional<SwitchOut> why = reason_to_stop(cpu);
  if (why && !holds) {
    give_way(cpu, *why);
    return;
  }
  cpus[cpu].must_reschedule = why.has_value();
  arm(cpu);
}

void Dispatcher::State::give_way(std::uint32_t cpu, SwitchOut why) {
  Cpu& it = cpus[cpu];
  const std::uint32_t before = it.thread;
  const bool waits = put_back(before, reason_of(why));
  add_waiting(cpu, before, waits);
  it.thread = nobody;
  if (waits) {
    throttle_spent(cpu, seat(before));
  }
  if (queues.stopped(seat(before))) {
    switch_out(cpu, before, SwitchOut::throttled);
    schedule(cpu, nobody, SwitchOut::throttled);
  } else {
    schedule(cpu, before, why);
  }
}

/// With a shared queue, threads that may not run here are passed over and keep their turns.
std::optional<Pick> Dispatcher::State::pick_allowed(std::uint32_t cpu) {
  std::optional<Pick> found;
  skipped.clear();
  while ((found = queues.pick(cpu)) && !allowed(found->thread, cpu)) {
    skipped.push_back(found->thread);
  }
  while (!skipped.empty()) {
    queues.put_back(seat(skipped.back()), EnqueueReason::preempted);
    skipped.pop_back();
  }
  return found;
}

std::optional<Pick> Dispatcher::State::pick(std::uint32_t cpu) {
  const bool passes_over = !per_cpu && pinned_threads > 0;
  const std::optional<Pick> found = passes_over ? pick_allowed(cpu) : queues.pick(cpu);
  if (found) {
    remove_waiting(cpu, found->thread);
  }
  return found;
}

void Dispatcher::State::schedule(std::uint32_t cpu, std::uint32_t before, SwitchOut why) {
  Cpu& it = cpus[cpu];
  it.must_reschedule = false;
  it.lazy_at = never;
  if (queues.has_classes()) {
    pull_urgent(cpu);
  }
  std::optional<Pick> next = pick(cpu);
  if (!next && balances && pull(cpu)) {
    next = pick(cpu);
  }
  if (!next) {
    if (before != nobody) {
      switch_out(cpu, before, SwitchOut::throttled);  // its class or its budget stops it
    }
    go_idle(cpu);
    if (queues.has_classes()) {
      arm_release(cpu);
    }
    return;
  }
  if (next->thread == before) {
    it.thread = before;
  } else {
    if (before != nobody) {
      switch_out(cpu, before, why);
    }
    switch_in(cpu, *next);
  }
  it.preempter = nobody;
  if (queues.has_quotas()) {
    limit_by_quota(cpu);
  }
  if (has_rivals(cpu) || queues.has_classes()) {
    limit_slice(cpu, next->slice);
  } else {
    it.slice_end = never;
  }
  arm(cpu);
  note_load(cpu);
  if (queues.has_classes()) {
    arm_release(cpu);
    push_urgent(cpu);
  }
  if (ordered) {
    watch_least_urgent(nobody);
  }
}

}  // namespace timeslice::models
