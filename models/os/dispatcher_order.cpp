// Policies with an order, where some threads are more urgent than others: a thread announces what
// it does next, and with one queue for all CPUs the least urgent running thread gives way.
// Cost: O(CPUs) a wake-up and a decision with a shared queue; nothing for other policies.
#include "models/os/dispatcher_state.hpp"
#include "sim/expect.hpp"

namespace timeslice::models {

void Dispatcher::State::begin_job(std::uint32_t thread, const Job& job) {
  if (!ordered) {
    return;
  }
  const Thread& it = threads[thread];
  sim::expect(it.state != ThreadState::ready, "a thread that waits for a CPU begins no job");
  settle(it.cpu);  // what was done so far belongs to the job before
  queues.begin_job(it.entity, job);
  if (it.state != ThreadState::running) {
    return;
  }
  if (!per_cpu) {
    watch_least_urgent(nobody);
  } else if (queues.outranked(seat(thread))) {
    preempt(it.cpu, nobody);
  } else if (cpus[it.cpu].waiting > 0) {
    limit_slice(it.cpu, queues.slice_left(seat(thread)));
  }
}

/// The thread on `cpu` gives way as soon as that is allowed.
void Dispatcher::State::preempt(std::uint32_t cpu, std::uint32_t preempter) {
  cpus[cpu].must_reschedule = true;
  cpus[cpu].preempter = preempter;
  if (cpu != active_cpu) {
    arm(cpu);
  }
}

/// The CPU that runs the least urgent of all threads, of the CPUs that `thread` may use (nobody:
/// of all). Of equals the highest number.
std::uint32_t Dispatcher::State::least_urgent_for(std::uint32_t thread) {
  std::uint32_t found = nobody;
  for (std::uint32_t cpu = 0; cpu < cpus.size(); ++cpu) {
    if (cpus[cpu].thread == nobody || (thread != nobody && !allowed(thread, cpu))) {
      continue;
    }
    settle(cpu);
    if (found == nobody || !queues.less_urgent(seat(cpus[found].thread), seat(cpus[cpu].thread))) {
      found = cpu;
    }
  }
  return found;
}

/// With one queue for all: the least urgent running thread gives way to the first in line if that
/// is more urgent, or when it will be. A CPU that is about to pick takes the first in line itself;
/// it looks here again afterwards. Threads bound to CPUs are looked at when they wake up only.
void Dispatcher::State::watch_least_urgent(std::uint32_t preempter) {
  if (per_cpu || shared_waiting == 0 || pinned_threads > 0) {
    return;
  }
  for (const Cpu& cpu : cpus) {
    if (cpu.phase == Phase::waking || cpu.must_reschedule) {
      return;
    }
  }
  const std::uint32_t cpu = least_urgent_for(nobody);
  if (cpu == nobody) {
    return;
  }
  const Seat running = seat(cpus[cpu].thread);
  if (queues.outranked(running)) {
    preempt(cpu, preempter);
    return;
  }
  limit_slice(cpu, queues.slice_left(running));
  if (cpu != active_cpu) {
    arm(cpu);
  }
}

/// `thread` waits in the queue of all CPUs, and none is idle.
void Dispatcher::State::call_least_urgent(std::uint32_t thread, WakeCause cause) {
  if (pinned_threads == 0) {
    watch_least_urgent(cause.thread == nobody ? thread : cause.thread);
  } else if (const std::uint32_t cpu = least_urgent_for(thread); cpu != nobody) {
    check_preemption(cpu, thread, cause);
  }
}

}  // namespace timeslice::models
