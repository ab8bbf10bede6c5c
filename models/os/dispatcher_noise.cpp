// What the dispatcher charges beyond switches: interruptions and cold caches; and where the kernel
// lets go of a CPU.
#include <algorithm>

#include "models/os/dispatcher_state.hpp"
#include "sim/math.hpp"

namespace timeslice::models {

bool Dispatcher::State::stays_in_kernel(const Cpu& cpu) const {
  switch (os.preemption) {
    case KernelPreemption::none:
    case KernelPreemption::voluntary:
      return true;
    case KernelPreemption::full:
      return false;
    case KernelPreemption::lazy:
      break;
  }
  const bool tick_came = std::min(cpu.slice_end, cpu.lazy_at) <= now();
  const bool urgent = queues.has_classes() && queues.is_outranked(seat(cpu.thread));
  return !tick_came && !urgent;
}

/// The gaps are exponential, so one may be drawn anew from any instant on.
void Dispatcher::State::plan_interruption(std::uint32_t cpu, std::int64_t from) {
  const sim::DrawKey key{.task = sim::hash_name32("os/interruption-gap"),
                         .item = cpu,
                         .step = 0,
                         .count = interruptions++};
  const double mean = static_cast<double>(machine.interruptions.every.count());
  cpus[cpu].interruption = from + 1 + static_cast<std::int64_t>(mean * random.exponential(key));
}

/// The CPU does something else; the thread pays with its time, as on Linux without
/// IRQ_TIME_ACCOUNTING.
void Dispatcher::State::begin_interruption(std::uint32_t cpu) {
  const sim::DrawKey key{.task = sim::hash_name32("os/interruption-length"),
                         .item = cpu,
                         .step = 0,
                         .count = interruptions};
  const std::int64_t end = now() + sample(machine.interruptions.length, random, key).count();
  Cpu& it = cpus[cpu];
  if (shared) {
    leave_shared(cpu);
  }
  it.phase = Phase::interrupted;
  it.phase_end = end;
  plan_interruption(cpu, end);
  arm(cpu);
}

/// What refilling the caches costs a thread that comes to `cpu`.
sim::Duration Dispatcher::State::refill_cost(std::uint32_t cpu, std::uint32_t thread) const {
  const OsCosts& costs = machine.costs;
  const Thread& it = threads[thread];
  if (it.last_cpu == nobody || (shared && shared->has_set(thread))) {
    return sim::Duration::zero();  // data that were said pay for themselves
  }
  if (it.last_cpu != cpu) {
    return costs.cold_refill;
  }
  const auto others =
      static_cast<double>((cpus[cpu].accounts.busy - busy_at_leave[thread]).count());
  const double half = static_cast<double>(costs.cold_refill_half.count());
  const double part = others > 0.0 ? others / (others + half) : 0.0;
  return sim::Duration{
      static_cast<std::int64_t>(static_cast<double>(costs.cold_refill.count()) * part)};
}

/// What a thread that comes to `cpu` pays for caches that cooled: by what ran, and by time alone.
sim::Duration Dispatcher::State::cold_cost(std::uint32_t cpu, std::uint32_t thread) const {
  sim::Duration cost = charges_refill() ? refill_cost(cpu, thread) : sim::Duration::zero();
  const ColdCode& cold = machine.cold_code;
  const Thread& it = threads[thread];
  if (cold.resume > sim::Duration::zero() && it.last_cpu != nobody) {
    const double gone = cold.gone(static_cast<double>(now() - it.left_cpu_at));
    cost += sim::Duration{static_cast<std::int64_t>(sim::as_ns(cold.resume) * gone)};
  }
  if (it.starting && cold.start > sim::Duration::zero() && it.last_cpu != nobody) {
    const double away = static_cast<double>(now() - it.left_cpu_at) / sim::as_ns(cold.start_after);
    cost +=
        sim::Duration{static_cast<std::int64_t>(sim::as_ns(cold.start) * (1.0 - sim::exp(-away)))};
  }
  return cost;
}

void Dispatcher::State::note_left(std::uint32_t cpu, std::uint32_t thread) {
  busy_at_leave.resize(std::max<std::size_t>(busy_at_leave.size(), threads.size()));
  busy_at_leave[thread] = cpus[cpu].accounts.busy;
}

void Dispatcher::set_starting(ThreadId thread, bool starting) {
  state_->threads[static_cast<std::uint32_t>(thread)].starting = starting;
}

}  // namespace timeslice::models
