// What happens when a CPU changes hands: who lost it, what that costs who gets it, idleness.
#include "models/os/dispatcher_state.hpp"
#include "models/os/linux_balance.hpp"

namespace timeslice::models {

/// `thread`, which is still able to run, has lost the CPU.
void Dispatcher::State::switch_out(std::uint32_t cpu, std::uint32_t thread, SwitchOut why) {
  threads[thread].state = ThreadState::ready;
  threads[thread].left_cpu_at = now();
  if (linux_balance) {
    linux_balance->thread_changed(thread, true, false);
  }
  ledgers[thread].since = now();
  if (charges_refill()) {
    note_left(cpu, thread);
  }
  if (shared) {
    shared->switch_out(thread, cpu);
  }
  ++ledgers[thread].so_far.switches_involuntary;
  note(TraceKind::switch_out, {.cpu = static_cast<std::uint16_t>(cpu),
                               .subject = thread,
                               .cause = why == SwitchOut::preempted ? cpus[cpu].preempter : nobody,
                               .value = static_cast<std::uint64_t>(why)});
}

/// What coming from another CPU costs.
sim::Duration Dispatcher::State::note_migration(std::uint32_t cpu, std::uint32_t thread) {
  Thread& hot = threads[thread];
  const bool moved = hot.last_cpu != nobody && hot.last_cpu != cpu;
  if (!moved) {
    hot.moved_by = 0;
    return sim::Duration::zero();
  }
  const MoveReason why = per_cpu ? static_cast<MoveReason>(hot.moved_by) : MoveReason::shared_queue;
  note(TraceKind::migrated, {.cpu = static_cast<std::uint16_t>(cpu),
                             .subject = thread,
                             .cause = static_cast<std::uint32_t>(why),
                             .value = hot.last_cpu});
  ++ledgers[thread].so_far.migrations;
  hot.moved_by = 0;
  return machine.costs.migration + (shared ? warm_up(cpu, thread) : sim::Duration::zero());
}

void Dispatcher::State::switch_in(std::uint32_t cpu, const Pick& pick) {
  Cpu& it = cpus[cpu];
  Thread& thread = threads[pick.thread];
  ThreadLedger& ledger = ledgers[pick.thread];
  ledger.so_far.ready_time += sim::Duration{now() - ledger.since};
  note(TraceKind::switch_in, {.cpu = static_cast<std::uint16_t>(cpu),
                              .subject = pick.thread,
                              .object = it.last_thread,
                              .cause = no_subject,
                              .value = thread.last_cpu});
  sim::Duration overhead = cold_cost(cpu, pick.thread);
  if (shared) {
    overhead += cooled(cpu, pick.thread, pick.slice);
  }
  overhead += note_migration(cpu, pick.thread);
  if (it.last_thread != pick.thread) {
    overhead += machine.costs.context_switch;
  }
  if (it.phase == Phase::idle || it.phase == Phase::waking) {
    overhead += machine.costs.idle_exit;
    it.left_idle = now();
  }
  if (linux_balance) {
    linux_balance->thread_changed(pick.thread, true, true);
    overhead += sim::Duration{linux_balance->take_search_cost(cpu)};
  }
  if (shared) {
    leave_shared(cpu);
  }
  thread.state = ThreadState::running;
  thread.cpu = cpu;
  thread.last_cpu = cpu;
  it.thread = pick.thread;
  it.last_thread = pick.thread;
  if (it.phase == Phase::idle || it.phase == Phase::waking) {
    set_busy(cpu, true);
  }
  if (overhead > sim::Duration::zero()) {
    it.phase = Phase::switching;
    it.phase_end = now() + overhead.count();
  } else {
    start_running(cpu);
  }
}

void Dispatcher::State::go_idle(std::uint32_t cpu) {
  Cpu& it = cpus[cpu];
  if (shared) {
    leave_shared(cpu);
  }
  if (it.phase == Phase::switching || it.phase == Phase::running) {
    set_busy(cpu, false);
  }
  it.phase = Phase::idle;
  it.slice_end = never;
  it.quota_end = never;
  it.completes_at = never;
  it.balance_tick = never;
  settle_idle_account();
  idle.insert(cpu);
  if (linux_balance) {
    linux_balance->cpu_idle(cpu);
  }
  arm(cpu);
  note_load(cpu);
}

/// One more CPU of the core is busy, or one less.
void Dispatcher::State::count_busy(std::uint32_t core, bool busy) {
  CoreTime& time = core_times[core];
  if (busy_in_core[core] == 0) {
    time.since = now();
  }
  busy_in_core[core] += busy ? 1U : 0U - 1U;
  if (busy_in_core[core] == 0) {
    time.busy_ns += now() - time.since;
  }
}

/// The other CPUs of the core get another share of it from now on.
void Dispatcher::State::set_busy(std::uint32_t cpu, bool busy) {
  const std::uint32_t position = map.position(cpu);
  const CpuRange core = map.core(position);
  for (std::uint32_t other = core.begin; other < core.end && core.size() > 1; ++other) {
    if (other != position) {
      settle(map.cpu_at(other));
    }
  }
  count_busy(core.begin, busy);
  if (shared) {
    shared->set_busy(cpu, busy);
  }
  for (std::uint32_t other = core.begin; other < core.end && core.size() > 1; ++other) {
    const std::uint32_t sibling = map.cpu_at(other);
    if (other != position && cpus[sibling].phase == Phase::running) {
      begin_segment(sibling);
      arm(sibling);
    }
  }
}

}  // namespace timeslice::models
