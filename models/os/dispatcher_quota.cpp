#include "models/os/dispatcher_state.hpp"

namespace timeslice::models {

/// The groups' time is looked at on ticks only; without ticks, exactly when it is used up.
void Dispatcher::State::limit_by_quota(std::uint32_t cpu) {
  Cpu& it = cpus[cpu];
  const sim::Duration left = queues.runtime_left(seat(it.thread));
  if (left == no_limit) {
    it.quota_end = never;
    return;
  }
  const std::int64_t used_up = now() + std::max<std::int64_t>(left.count(), 1);
  it.quota_end = os.tick > sim::Duration::zero() ? tick_at_or_after(it, used_up) : used_up;
}

void Dispatcher::State::throttle_spent(std::uint32_t cpu, const Seat& left) {
  if (!queues.has_quotas()) {
    return;
  }
  if (const Crowd stopped = queues.throttle_spent(left); stopped.all > 0) {
    stop_waiting(cpu, stopped);
  }
}

/// As Linux does: a CPU that runs something else is not asked to reschedule.
void Dispatcher::State::unthrottle(std::span<const std::uint32_t> nodes) {
  for (const std::uint32_t node : nodes) {
    const std::uint32_t cpu = bandwidth.cpu_of(node);
    settle(cpu);
    const Crowd waiting = queues.unthrottle(node);
    if (waiting.all == 0) {
      continue;
    }
    resume_waiting(cpu, waiting);
    if (cpus[cpu].phase == Phase::idle) {
      begin_waking(cpu, {});
    } else if (cpus[cpu].thread != nobody) {
      limit_slice(cpu, queues.slice_left(seat(cpus[cpu].thread)));
      arm(cpu);
    }
    note_load(cpu);
  }
}

}  // namespace timeslice::models
