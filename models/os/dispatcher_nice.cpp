// A thread changes its nice level while it runs.
#include "models/os/dispatcher_state.hpp"
#include "models/os/linux_balance.hpp"
#include "sim/expect.hpp"

namespace timeslice::models {

/// Whether somebody waits who might run on `cpu` instead.
bool Dispatcher::State::is_wanted(std::uint32_t cpu) const {
  return per_cpu ? cpus[cpu].waiting > 0 : shared_waiting > 0;
}

/// Who became less urgent is asked to give way at the end of the call: prio_changed_fair of Linux
/// 6.12. SCHED_IDLE weighs the same at each level.
void Dispatcher::State::set_nice(std::uint32_t thread, int level) {
  sim::expect(thread == active_thread, "a thread that runs changes its own nice level");
  ThreadInfo& info = infos[thread];
  const int before = info.nice;
  info.nice = level;
  if (before == level || info.sched.kind == SchedulingClass::idle) {
    return;
  }
  const std::uint32_t cpu = threads[thread].cpu;
  settle(cpu);
  const std::uint32_t weight = weight_of_nice(level);
  queues.set_weight(seat(thread), weight);
  if (linux_balance) {
    linux_balance->thread_reweighted(thread, weight);
  }
  if (!is_wanted(cpu)) {
    return;
  }
  if (ordered && !per_cpu) {
    watch_least_urgent(nobody);
  } else if (level > before) {
    preempt(cpu, nobody);
  } else {
    limit_slice(cpu, queues.slice_left(seat(thread)));
  }
}

}  // namespace timeslice::models
