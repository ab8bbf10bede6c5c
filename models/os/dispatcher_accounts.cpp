#include <algorithm>

#include "models/os/dispatcher_state.hpp"

namespace timeslice::models {

/// Time up to `until` in which somebody waited in the shared queue.
std::int64_t Dispatcher::State::shared_waited(std::int64_t until) const {
  return shared_waited_ns + (shared_waiting > 0 ? until - shared_since : 0);
}

std::int64_t Dispatcher::State::idle_beside_waiting() const {
  const std::uint32_t lost = std::min(idle.size(), movable_threads);
  return idle_beside_ns + (now() - idle_beside_since) * lost;
}

/// Called before a CPU goes idle or is called, and before the number of waiting threads changes.
void Dispatcher::State::settle_idle_account() {
  idle_beside_ns = idle_beside_waiting();
  idle_beside_since = now();
}

/// Adds the last `elapsed` ns, in which nothing about `cpu` changed.
void Dispatcher::State::charge_cpu(const Cpu& cpu, std::int64_t elapsed,
                                   CpuAccounts& accounts) const {
  if (cpu.phase == Phase::idle || cpu.phase == Phase::waking) {
    return;
  }
  const sim::Duration length{elapsed};
  accounts.busy += length;
  if (cpu.phase == Phase::switching) {
    accounts.switching += length;
  }
  if (cpu.phase == Phase::interrupted) {
    accounts.interrupted += length;
  }
  sim::Duration queued{};
  if (!per_cpu) {
    const std::int64_t until = cpu.settled + elapsed;
    queued = sim::Duration{shared_waited(until) - cpu.shared_wait_seen};
  } else if (cpu.waiting > cpu.stopped) {
    queued = length;
  }
  accounts.with_queue += queued;
  if (busy_in_core[cpu.core] > 1) {
    accounts.beside_sibling += length - queued;
  }
}

/// The same for the log. Waiting in a shared queue is told apart there.
void Dispatcher::State::log_state(std::uint32_t cpu, std::int64_t elapsed) const {
  const Cpu& it = cpus[cpu];
  if (it.phase == Phase::idle || it.phase == Phase::waking) {
    return;
  }
  const bool queued = per_cpu && it.waiting > it.stopped;
  const bool beside = busy_in_core[it.core] > 1;
  states->add({.cpu = cpu,
               .state = queued   ? CpuState::time_shared
                        : beside ? CpuState::beside_sibling
                                 : CpuState::alone,
               .from_ns = it.settled,
               .to_ns = it.settled + elapsed});
}

sim::Duration Dispatcher::State::core_busy(std::uint32_t cpu) const {
  const std::uint32_t core = cpus[cpu].core;
  const CoreTime& time = core_times[core];
  return sim::Duration{time.busy_ns + (busy_in_core[core] > 0 ? now() - time.since : 0)};
}

/// Nominal work that the thread on `cpu` did in the `elapsed` ns before `until`.
double Dispatcher::State::work_done(const Cpu& cpu, std::int64_t elapsed,
                                    std::int64_t until) const {
  const double remaining = threads[cpu.thread].remaining_ns;
  if (cpu.phase != Phase::running) {
    return 0.0;
  }
  if (until >= cpu.completes_at) {
    return remaining;
  }
  if (cpu.clock != no_clock) {
    return std::min((shared->clock_at(cpu.clock, until) - cpu.clock_seen) * cpu.rate, remaining);
  }
  return std::min(static_cast<double>(elapsed) * cpu.rate, remaining);
}

ThreadAccounts Dispatcher::State::thread_accounts(std::uint32_t thread) const {
  const Thread& hot = threads[thread];
  const ThreadLedger& ledger = ledgers[thread];
  ThreadAccounts accounts = ledger.so_far;
  const sim::Duration since{now() - ledger.since};
  switch (hot.state) {
    case ThreadState::ready:
      accounts.ready_time += since;
      break;
    case ThreadState::blocked:
      accounts.blocked_time += since;
      break;
    case ThreadState::running: {
      const Cpu& cpu = cpus[hot.cpu];
      const std::int64_t elapsed = now() - cpu.settled;
      accounts.cpu_time += sim::Duration{elapsed};
      accounts.nominal_done_ns += work_done(cpu, elapsed, now());
      break;
    }
    case ThreadState::created:
    case ThreadState::finished:
      break;
  }
  return accounts;
}

CpuAccounts Dispatcher::State::cpu_accounts(std::uint32_t cpu) const {
  CpuAccounts accounts = cpus[cpu].accounts;
  charge_cpu(cpus[cpu], now() - cpus[cpu].settled, accounts);
  return accounts;
}

}  // namespace timeslice::models
