#include <algorithm>

#include "models/os/dispatcher_state.hpp"
#include "sim/expect.hpp"

namespace timeslice::models {

std::int64_t Dispatcher::State::urgency(std::uint32_t thread) const {
  return queues.has_classes() ? queues.classes().urgency(threads[thread].entity) : 0;
}

/// The same, as if a thread that runs had taken the class already that it is to take.
std::int64_t Dispatcher::State::urgency_to_be(std::uint32_t thread) const {
  const ThreadInfo& info = infos[thread];
  if (!threads[thread].reclass || info.sched.kind == SchedulingClass::deadline) {
    return urgency(thread);
  }
  return std::max(std::int64_t{info.sched.priority}, info.lent_urgency);
}

/// Of who runs on `cpu` or is about to; -1: nobody.
std::int64_t Dispatcher::State::urgency_on(std::uint32_t cpu) const {
  const Cpu& it = cpus[cpu];
  const std::int64_t running = it.thread == nobody ? -1 : urgency(it.thread);
  return std::max(running, queues.urgency_of_first(cpu));
}

/// Where an urgent thread gets a CPU at once: `preferred` if less urgent ones have it, else the
/// CPU with the least urgent of all, an idle one near by first. Linux does not tell idle CPUs from
/// such with fair threads here (cpupri); the nearest idle one is our choice among equals.
/// Cost: O(CPUs) if `preferred` is taken and none is idle.
std::uint32_t Dispatcher::State::cpu_for_urgent(std::uint32_t thread,
                                                std::uint32_t preferred) const {
  const std::int64_t own = urgency(thread);
  if (allowed(thread, preferred) && urgency_on(preferred) < own) {
    return preferred;
  }
  const std::uint32_t free = nearest_idle(thread);
  if (free != IdleCpus::none && urgency_on(free) < 0) {
    return free;
  }
  std::uint32_t best = preferred;
  std::int64_t least = own;
  for (std::uint32_t cpu = 0; cpu < cpus.size(); ++cpu) {
    const std::int64_t there = urgency_on(cpu);
    if (there < least && allowed(thread, cpu)) {
      best = cpu;
      least = there;
    }
  }
  return best;
}

/// A CPU that an urgent thread has left takes the most urgent one that waits elsewhere, if that is
/// more urgent than all here. O(CPUs), only while urgent threads wait.
void Dispatcher::State::pull_urgent(std::uint32_t cpu) {
  const std::uint32_t last = cpus[cpu].last_thread;
  if (queues.classes().urgent_waiting() == 0 || last == nobody || !is_urgent(last)) {
    return;
  }
  struct Context {
    const State& state;
    std::uint32_t to;
  };
  const Context context{.state = *this, .to = cpu};
  const auto accepts = [](const void* pointer, EntityId entity) {
    const auto& it = *static_cast<const Context*>(pointer);
    return it.state.allowed(it.state.queues.thread_of(entity), it.to);
  };
  std::int64_t most = std::max(queues.urgency_of_first(cpu), std::int64_t{0});
  std::optional<std::uint32_t> best;
  for (std::uint32_t from = 0; from < cpus.size(); ++from) {
    // Where a CPU is about to look at its queue, its first thread is not waiting in vain.
    if (from == cpu || cpus[from].must_reschedule || cpus[from].thread == nobody) {
      continue;
    }
    const auto found = queues.most_urgent(from, {.accepts = accepts, .context = &context});
    if (found && urgency(*found) > most) {
      most = urgency(*found);
      best = found;
    }
  }
  if (best) {
    move(*best, cpu, MoveReason::urgent);
    add_waiting(cpu, *best, queues.enqueue(seat(*best), EnqueueReason::migrated));
  }
}

/// Urgent threads that wait here go where less urgent ones run.
void Dispatcher::State::push_urgent(std::uint32_t cpu) {
  if (queues.classes().urgent_waiting() == 0 || cpus.size() == 1) {
    return;
  }
  const auto anybody = [](const void* /*context*/, EntityId /*entity*/) { return true; };
  while (const auto thread = queues.most_urgent(cpu, {.accepts = anybody})) {
    const bool next_here =
        cpus[cpu].thread == nobody || (urgency(*thread) > urgency(cpus[cpu].thread) &&
                                       threads[cpus[cpu].thread].kind != WorkKind::kernel);
    const std::uint32_t to = next_here ? cpu : cpu_for_urgent(*thread, cpu);
    if (to == cpu) {
      return;
    }
    move(*thread, to, MoveReason::urgent);
    make_ready(*thread, EnqueueReason::migrated, WakeCause{});
  }
}

/// Sets the timer for what may not run on `cpu` before a certain time.
void Dispatcher::State::arm_release(std::uint32_t cpu) {
  std::optional<sim::TimerId>& timer = cpus[cpu].release_timer;
  const sim::Instant when = queues.next_release(cpu);
  if (when == sim::Instant::max()) {
    if (timer) {
      engine.cancel(*timer);
    }
    return;
  }
  if (!timer) {
    timer = engine.add_timer(release_event, cpu, timer_class);
  }
  engine.arm(*timer, std::max(when, engine.now()));
}

void Dispatcher::State::on_release(std::uint32_t cpu) {
  settle(cpu);
  queues.release(cpu);
  Cpu& it = cpus[cpu];
  if (it.phase == Phase::idle) {
    if (queues.urgency_of_first(cpu) >= 0) {
      begin_waking(cpu, {});
    }
  } else if (it.thread != nobody) {
    limit_slice(cpu, queues.slice_left(seat(it.thread)));
    it.must_reschedule = it.must_reschedule || queues.is_outranked(seat(it.thread));
    arm(cpu);
  }
  note_load(cpu);
  arm_release(cpu);
  push_urgent(cpu);
}

/// Gives an absent thread the class that it now has: its own, or what it was lent.
void Dispatcher::State::take_class(std::uint32_t thread) {
  const ThreadInfo& info = infos[thread];
  threads[thread].reclass = false;
  queues.set_class(seat(thread), info.sched);
  if (info.lent_urgency > urgency(thread)) {
    if (info.lent_urgency < RealTime::levels) {
      const bool turns = info.sched.kind == SchedulingClass::round_robin;
      queues.set_class(seat(thread),
                       {.kind = turns ? SchedulingClass::round_robin : SchedulingClass::fifo,
                        .priority = static_cast<std::uint8_t>(info.lent_urgency)});
    } else {
      queues.lend_deadline(seat(thread),
                           sim::Instant{sim::Duration{INT64_MAX - info.lent_urgency}});
    }
  }
  place(thread, threads[thread].cpu, MoveReason::none);
}

/// The thread that runs goes back to its queue, of another class perhaps. False: its group is
/// throttled there.
bool Dispatcher::State::put_back(std::uint32_t thread, EnqueueReason reason) {
  if (!threads[thread].reclass) {
    queues.put_back(seat(thread), reason);
    return true;
  }
  queues.remove_running(seat(thread), DequeueReason::migrated);
  take_class(thread);
  return queues.enqueue(seat(thread), EnqueueReason::migrated);
}

bool Dispatcher::State::lend_urgency(std::uint32_t thread, std::int64_t urgency) {
  if (infos[thread].lent_urgency == urgency) {
    return false;
  }
  infos[thread].lent_urgency = urgency;
  Thread& it = threads[thread];
  const std::uint32_t cpu = it.cpu;
  switch (it.state) {
    case ThreadState::running:
      it.reclass = true;
      cpus[cpu].must_reschedule = true;
      if (cpu != active_cpu) {
        settle(cpu);
        arm(cpu);
      }
      break;
    case ThreadState::ready:
      settle(cpu);
      remove_waiting(cpu, thread, queues.remove_waiting(seat(thread), DequeueReason::migrated));
      take_class(thread);
      make_ready(thread, EnqueueReason::migrated, WakeCause{});
      push_urgent(cpu);
      break;
    case ThreadState::created:
    case ThreadState::blocked:
      take_class(thread);
      break;
    case ThreadState::finished:
      break;
  }
  return true;
}

}  // namespace timeslice::models
