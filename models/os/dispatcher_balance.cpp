#include <algorithm>

#include "models/os/dispatcher_state.hpp"
#include "models/os/linux_balance.hpp"
#include "sim/expect.hpp"

namespace timeslice::models {

bool Dispatcher::State::allowed(std::uint32_t thread, std::uint32_t cpu) const {
  return threads[thread].pinned == 0 ||
         std::ranges::find(infos[thread].affinity, CpuId{cpu}) != infos[thread].affinity.end();
}

std::uint32_t Dispatcher::State::nearest_idle(std::uint32_t thread) const {
  const Thread& it = threads[thread];
  return it.pinned != 0 ? idle.nearest_of(it.cpu, infos[thread].affinity) : idle.nearest(it.cpu);
}

/// Back to where it ran; if that is busy, or the idle sibling of a busy CPU while a whole core is
/// idle, perhaps to an idle CPU. Linux wakes it beside the busy sibling and lets the balancer of
/// the SMT domain move it within a few ticks (kernel/sched/fair.c of 6.12: group_smt_balance).
std::uint32_t Dispatcher::State::cpu_for_woken(std::uint32_t thread, WakeCause cause) {
  if (linux_balance) {
    return linux_balance->cpu_for_woken(thread, cause);
  }
  const std::uint32_t previous = threads[thread].cpu;
  if (!balances || idle.empty() || idle.core_idle(previous)) {
    return previous;
  }
  const std::uint32_t free = nearest_idle(thread);
  if (idle.contains(previous) && (free == IdleCpus::none || !idle.core_idle(free))) {
    return previous;
  }
  if (free == IdleCpus::none || !wake_draws.happens(random, os.balance.move_on_wake)) {
    return previous;
  }
  return free;
}

/// Where there is least to do, on a core of its own if possible.
std::uint32_t Dispatcher::State::cpu_for_new(std::uint32_t thread, WakeCause cause) {
  if (linux_balance) {
    return linux_balance->cpu_for_new(thread, cause);
  }
  if (threads[thread].pinned == 0) {
    const std::uint32_t free = idle.emptiest();
    if (free != IdleCpus::none) {
      return free;
    }
    return balances ? loads.least_loaded() : 0;
  }
  const std::vector<CpuId>& affinity = infos[thread].affinity;
  const auto first = static_cast<std::uint32_t>(affinity.front());
  const std::uint32_t free = idle.nearest_of(first, affinity);
  if (free != IdleCpus::none) {
    return free;
  }
  const auto load = [this](CpuId cpu) { return loads.of(static_cast<std::uint32_t>(cpu)).threads; };
  return static_cast<std::uint32_t>(*std::ranges::min_element(affinity, {}, load));
}

void Dispatcher::State::place(std::uint32_t thread, std::uint32_t cpu, MoveReason why) {
  Thread& it = threads[thread];
  if (linux_balance) {
    linux_balance->thread_placed(thread, it.cpu, cpu);
  }
  it.cpu = cpu;
  // Groups divide the time of fair threads only.
  it.node = is_urgent(thread) ? Seat::no_group : queues.node_of(infos[thread].group, cpu);
  if (why != MoveReason::none) {
    it.moved_by = static_cast<std::uint8_t>(why) & 0x1fU;
  }
}

std::optional<std::uint32_t> Dispatcher::State::candidate(std::uint32_t from, std::uint32_t to,
                                                          bool cold) const {
  struct Context {
    const State& state;
    std::uint32_t to;
    bool cold;
  };
  const Context context{.state = *this, .to = to, .cold = cold};
  const auto accepts = [](const void* pointer, EntityId entity) {
    const auto& it = *static_cast<const Context*>(pointer);
    const std::uint32_t thread = it.state.queues.thread_of(entity);
    const Thread& hot = it.state.threads[thread];
    const bool ran_lately = hot.last_cpu != nobody && it.state.now() - hot.left_cpu_at <
                                                          it.state.os.balance.cache_hot.count();
    return !(it.cold && ran_lately) && it.state.allowed(thread, it.to) &&
           !it.state.queues.stopped_on(it.state.infos[thread].group, it.to);
  };
  return queues.candidate(from, MoveFilter{.accepts = accepts, .context = &context});
}

/// Takes a waiting thread to another CPU's queue; that CPU is not told.
void Dispatcher::State::move(std::uint32_t thread, std::uint32_t to, MoveReason why) {
  const std::uint32_t from = threads[thread].cpu;
  settle(from);
  remove_waiting(from, thread, queues.remove_waiting(seat(thread), DequeueReason::migrated));
  note_load(from);
  place(thread, to, why);
}

bool Dispatcher::State::pull_from(std::uint32_t from, std::uint32_t to) {
  const bool with_cold = os.balance.pull_when_idle > 0.0;
  std::optional<std::uint32_t> thread = with_cold ? candidate(from, to, true) : std::nullopt;
  double probability = os.balance.pull_when_idle;
  if (!thread) {
    thread = candidate(from, to, false);
    probability = os.balance.pull_when_idle_hot;
  }
  if (!thread || !pull_draws.happens(random, probability)) {
    return false;
  }
  move(*thread, to, MoveReason::idle_pull);
  const bool waits = queues.enqueue(seat(*thread), EnqueueReason::migrated);
  add_waiting(to, *thread, waits);
  return waits;
}

bool Dispatcher::State::pull(std::uint32_t cpu) {
  if (linux_balance) {
    return linux_balance->run_dry(cpu);
  }
  if (loads.extremes().movable == 0) {
    return false;
  }
  if (pinned_threads == 0) {
    return pull_from(loads.longest_queue(), cpu);
  }
  // The longest queue may hold only threads that must stay there: look at all. O(CPUs), only while
  // threads wait and some threads are bound to CPUs.
  std::uint32_t best = nobody;
  for (std::uint32_t from = 0; from < cpus.size(); ++from) {
    const std::uint32_t movable = from == cpu ? 0 : loads.of(from).movable;
    const bool longer = movable > 0 && (best == nobody || movable > loads.of(best).movable);
    best = longer && candidate(from, cpu, false) ? from : best;
  }
  return best != nobody && pull_from(best, cpu);
}

/// At a tick of a busy CPU with a queue, an idle CPU may take one of its threads.
void Dispatcher::State::balance_at_tick(std::uint32_t cpu) {
  const bool possible = cpus[cpu].waiting > 0 && !idle.empty();
  if (!possible) {
    return;
  }
  const std::uint32_t nearest = idle.nearest(cpu);
  std::optional<std::uint32_t> thread = candidate(cpu, nearest, false);
  std::uint32_t to = nearest;
  if (!thread && pinned_threads > 0) {
    // Whoever waits may be bound to CPUs of which another one is idle.
    for (std::uint32_t other = 0; other < cpus.size() && !thread; ++other) {
      to = other;
      thread = idle.contains(other) ? candidate(cpu, other, false) : std::nullopt;
    }
  }
  if (!thread || !tick_draws.happens(random, os.balance.pull_at_tick)) {
    return;
  }
  move(*thread, to, MoveReason::tick_pull);
  make_ready(*thread, EnqueueReason::migrated, WakeCause{});
}

/// Linux's active balance in the SMT domain: an idle core takes a running thread from a core whose
/// siblings are both busy. Here at the next tick; there after a balance interval of a few ms.
/// Source: kernel/sched/fair.c of 6.12, group_smt_balance.
bool Dispatcher::State::moves_to_idle_core(std::uint32_t cpu) {
  const std::uint32_t thread = cpus[cpu].thread;
  const bool crowded_core = busy_in_core[cpus[cpu].core] > 1 && cpus[cpu].waiting == 0;
  if (!crowded_core || idle.empty() || threads[thread].kind == WorkKind::kernel ||
      is_urgent(thread)) {
    return false;
  }
  std::uint32_t to = nearest_idle(thread);
  if (to != IdleCpus::none && !idle.core_idle(to) && threads[thread].pinned == 0) {
    to = idle.emptiest();  // no whole core is idle near by
  }
  if (to == IdleCpus::none || !idle.core_idle(to) || queues.stopped_on(infos[thread].group, to) ||
      !tick_draws.happens(random, os.balance.pull_at_tick)) {
    return false;
  }
  send_away(cpu, to, MoveReason::idle_core);
  return true;
}

/// The thread on `cpu`, which is able to run on, goes to the queue of `to`.
void Dispatcher::State::send_away(std::uint32_t cpu, std::uint32_t to, MoveReason why) {
  const std::uint32_t thread = cpus[cpu].thread;
  add_waiting(cpu, thread, put_back(thread, EnqueueReason::preempted));
  cpus[cpu].thread = nobody;
  switch_out(cpu, thread, SwitchOut::preempted);
  move(thread, to, why);
  make_ready(thread, EnqueueReason::migrated, WakeCause{});
  schedule(cpu, nobody, SwitchOut::preempted);
}

/// Fair threads only: select_task_rq_rt() and _dl() of Linux 6.12 look at wake-ups and forks.
std::uint32_t Dispatcher::State::cpu_for_exec(std::uint32_t thread) {
  const std::uint32_t here = threads[thread].cpu;
  if (!linux_balance || is_urgent(thread)) {
    return here;
  }
  const std::uint32_t cpu = linux_balance->cpu_for_exec(thread);
  return queues.stopped_on(infos[thread].group, cpu) ? here : cpu;
}

/// The migration thread takes it along. Source: sched_exec(), kernel/sched/core.c of Linux 6.12.
void Dispatcher::State::move_at_exec(std::uint32_t cpu) {
  send_away(cpu, cpu_for_exec(cpus[cpu].thread), MoveReason::exec);
}

/// The busy CPUs with most threads of which one could move, and those with fewest.
void Dispatcher::State::collect_unequal() {
  std::uint32_t most = 0;
  std::uint32_t fewest = nobody;
  for (std::uint32_t cpu = 0; cpu < cpus.size(); ++cpu) {
    const CpuLoad& load = loads.of(cpu);
    if (load.threads == 0) {
      continue;
    }
    if (load.movable > 0 && load.threads > most) {
      most = load.threads;
      crowded.clear();
    }
    if (load.movable > 0 && load.threads == most) {
      crowded.push_back(cpu);
    }
    if (load.threads < fewest) {
      fewest = load.threads;
      roomy.clear();
    }
    if (load.threads == fewest) {
      roomy.push_back(cpu);
    }
  }
  if (most <= fewest) {
    crowded.clear();
  }
}

/// The periodic balancer: moves one thread from each of the fullest CPUs to one of the emptiest
/// busy ones, also if they differ by one only. So three equal threads share two CPUs evenly in the
/// long run, but not in the short. O(CPUs) a pass; passes are rare.
void Dispatcher::State::rotate_if_due() {
  if (now() < next_rotation) {
    return;
  }
  const double period = static_cast<double>(os.balance.rotate_every.count());
  const double wait = period * (0.5 + rotation_draws.next(random));
  next_rotation = now() + static_cast<std::int64_t>(wait) + 1;
  ++rotations;
  crowded.clear();
  roomy.clear();
  collect_unequal();
  const std::size_t pairs = std::min(crowded.size(), roomy.size());
  for (std::size_t i = 0; i < pairs; ++i) {
    const std::uint32_t from = crowded[(i + rotations) % crowded.size()];
    const std::uint32_t to = roomy[(i + rotations) % roomy.size()];
    if (const auto thread = candidate(from, to, false)) {
      move(*thread, to, MoveReason::periodic);
      make_ready(*thread, EnqueueReason::migrated, WakeCause{});
    }
  }
}

}  // namespace timeslice::models
