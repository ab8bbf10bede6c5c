// One balancing pass: whom to take from the busiest CPU, and the push of a running thread.
// Source: sched_balance_rq(), detach_tasks(), can_migrate_task(), active_load_balance_cpu_stop(),
// fair.c of 6.12.
#include <algorithm>
#include <utility>

#include "models/os/linux_balance.hpp"

namespace timeslice::models {

namespace {

constexpr std::size_t looked_at_max = 32;  // sched_nr_migrate

MoveReason reason_for(bool newly_idle, bool idle) {
  if (newly_idle) {
    return MoveReason::idle_pull;
  }
  return idle ? MoveReason::tick_pull : MoveReason::periodic;
}

}  // namespace

/// Nothing to even out: look less often.
void Dispatcher::State::LinuxBalance::balanced(DomainState& own, const Domain& domain) {
  own.failed = 0;
  if (own.interval_ms < 2 * std::int64_t{domain.weight()}) {
    own.interval_ms *= 2;
  }
}

/// Whether the thread ran on `from` a moment ago, so that its data are likely to be in that cache.
bool Dispatcher::State::LinuxBalance::hot(const Pass& pass, std::uint32_t thread,
                                          std::uint32_t from) const {
  const Thread& it = state.threads[thread];
  return pass.domain->kind != DomainKind::smt && it.last_cpu == from &&
         state.now() - it.left_cpu_at < hot_ns && pass.failed <= pass.domain->cache_nice_tries;
}

/// Whether the thread is within what is to move, which then is less. After failures more is.
bool Dispatcher::State::LinuxBalance::wanted(Pass& pass, std::uint32_t thread) {
  constexpr std::uint32_t halvings_max = 30;
  const Activity& mean = settled(threads[thread].average).mean();
  const auto divisor = static_cast<double>(std::uint32_t{1} << std::min(pass.failed, halvings_max));
  switch (pass.moves) {
    case Moves::threads:
      pass.imbalance -= 1.0;
      return true;
    case Moves::load:
      if (mean.load / divisor > pass.imbalance) {
        return false;
      }
      pass.imbalance -= std::max(1.0, mean.load);
      return true;
    case Moves::running_time:
      if (mean.running / divisor > pass.imbalance) {
        return false;
      }
      pass.imbalance -= mean.running;
      return true;
    case Moves::misfit:
      if (fits(thread, state.threads[thread].cpu)) {
        return false;
      }
      pass.imbalance = 0.0;
      return true;
  }
  return false;
}

void Dispatcher::State::LinuxBalance::bring(Pass& pass, std::uint32_t thread) {
  ++pass.moved;
  forget_groups();
  const bool dry = pass.occasion == Occasion::newly_idle;
  state.move(thread, pass.cpu, reason_for(dry, pass.occasion == Occasion::idle));
  if (dry) {
    state.add_waiting(pass.cpu, thread,
                      state.queues.enqueue(state.seat(thread), EnqueueReason::migrated));
  } else {
    state.make_ready(thread, EnqueueReason::migrated, WakeCause{});
  }
}

/// Takes waiting threads of `from`, the one that has waited longest first.
void Dispatcher::State::LinuxBalance::take(Pass& pass, std::uint32_t from) {
  struct Seen {
    const State& state;
    std::vector<std::uint32_t>& waiting;
  };
  waiting.clear();
  const Seen seen{.state = state, .waiting = waiting};
  const auto collects = [](const void* pointer, EntityId entity) {
    const auto& it = *static_cast<const Seen*>(pointer);
    it.waiting.push_back(it.state.queues.thread_of(entity));
    return it.waiting.size() >= looked_at_max;
  };
  static_cast<void>(
      state.queues.candidate(from, MoveFilter{.accepts = collects, .context = &seen}));
  const auto since = [this](std::uint32_t thread) {
    return std::pair{state.ledgers[thread].since, thread};
  };
  std::ranges::sort(waiting, {}, since);
  pass.all_bound = true;
  for (const std::uint32_t thread : waiting) {
    const bool enough = pass.imbalance <= 0.0 ||
                        (pass.occasion != Occasion::busy && threads_on(from) <= 1) ||
                        (pass.occasion == Occasion::newly_idle && pass.moved > 0);
    if (enough) {
      break;
    }
    if (!state.allowed(thread, pass.cpu) ||
        state.queues.stopped_on(state.infos[thread].group, pass.cpu)) {
      continue;
    }
    pass.all_bound = false;
    if (!hot(pass, thread, from) && wanted(pass, thread)) {
      bring(pass, thread);
    }
  }
}

/// Asks for the running thread of `from`, if that is the last resort.
void Dispatcher::State::LinuxBalance::ask_push(const Pass& pass, std::uint32_t level,
                                               std::uint32_t from) {
  const bool tried =
      pass.moves == Moves::threads && pass.failed > pass.domain->cache_nice_tries + 2;
  const bool due = tried || pass.moves == Moves::misfit;
  if (!due || !runs(from) || !state.allowed(state.cpus[from].thread, pass.cpu)) {
    return;
  }
  CpuBalance& it = cpus[from];
  it.push = true;
  it.push_to = pass.cpu;
  it.push_domain = level;
  if (from != ticking) {
    static_cast<void>(push_running(from));
  }
}

bool Dispatcher::State::LinuxBalance::balance(std::uint32_t cpu, std::uint32_t level,
                                              Occasion occasion) {
  DomainState& own = cpus[cpu].domains[level];
  const std::uint32_t number = domains.of(state.map.position(cpu))[level];
  const Domain& domain = domains.at(number);
  if (nothing_waits_in(domain)) {
    find_nothing(domain, occasion);
    own.failed = 0;
    if (occasion != Occasion::newly_idle) {
      balanced(own, domain);
    }
    return false;
  }
  Pass pass{
      .cpu = cpu, .number = number, .domain = &domain, .occasion = occasion, .failed = own.failed};
  std::uint32_t from = nobody;
  excluded.clear();
  do {
    pass.all_bound = false;
    const std::optional<Group> group = busiest_group(pass);
    from = group ? busiest_cpu(pass, *group) : nobody;
    if (from == nobody || from == cpu) {
      own.failed = 0;
      if (occasion != Occasion::newly_idle) {
        balanced(own, domain);
      }
      return false;
    }
    if (threads_on(from) > 1) {
      take(pass, from);
    }
    if (pass.all_bound) {
      excluded.push_back(from);
    }
  } while (pass.all_bound);
  if (pass.moved > 0) {
    own.failed = 0;
  } else if (occasion != Occasion::newly_idle) {
    pass.failed = ++own.failed;
    ask_push(pass, level, from);
  }
  own.interval_ms = domain.weight();
  return pass.moved > 0;
}

/// The migration thread takes the CPU from its running thread, which goes to the CPU that asked.
/// Not in kernel work: then the next failure asks again.
bool Dispatcher::State::LinuxBalance::push_running(std::uint32_t cpu) {
  CpuBalance& it = cpus[cpu];
  it.push = false;
  const Cpu& on = state.cpus[cpu];
  const bool able = runs(cpu) && on.phase == Phase::running && on.completes_at > state.now() &&
                    state.threads[on.thread].kind != WorkKind::kernel;
  if (!able || state.is_urgent(on.thread) || !state.allowed(on.thread, it.push_to) ||
      !state.idle.contains(it.push_to) ||
      state.queues.stopped_on(state.infos[on.thread].group, it.push_to)) {
    return false;
  }
  const std::uint32_t thread = on.thread;
  forget_groups();
  state.settle(cpu);
  state.add_waiting(cpu, thread, state.put_back(thread, EnqueueReason::preempted));
  state.cpus[cpu].thread = nobody;
  state.switch_out(cpu, thread, SwitchOut::preempted);
  state.move(thread, it.push_to, MoveReason::idle_core);
  state.make_ready(thread, EnqueueReason::migrated, WakeCause{});
  cpus[it.push_to].domains[it.push_domain].failed = 0;
  state.schedule(cpu, nobody, SwitchOut::preempted);
  return true;
}

}  // namespace timeslice::models
