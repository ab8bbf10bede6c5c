#include "models/os/cpu_rates.hpp"

#include "sim/expect.hpp"

namespace timeslice::models {

double smt_share(double smt_gain, std::uint32_t busy) {
  double total = 1.0;
  double added = smt_gain - 1.0;
  for (std::uint32_t i = 1; i < busy; ++i) {
    total += added;
    added /= 2.0;
  }
  return total / static_cast<double>(busy == 0 ? 1 : busy);
}

CpuRates::CpuRates(const MachineSpec& machine, sim::Duration tick, std::uint32_t core_size_max)
    : machine_{machine},
      by_kind_{machine.speed.python, machine.speed.native, machine.speed.memory,
               machine.speed.kernel.value_or(machine.speed.native)} {
  if (tick > sim::Duration::zero()) {
    sim::expect(machine.costs.tick_cost < tick, "a tick costs less than the time between ticks");
    after_ticks_ = 1.0 - static_cast<double>(machine.costs.tick_cost.count()) /
                             static_cast<double>(tick.count());
  }
  for (const double speed : by_kind_) {
    sim::expect(speed > 0.0, "a machine's speeds are positive");
  }
  for (std::uint32_t busy = 0; busy <= core_size_max; ++busy) {
    share_.push_back(smt_share(machine.smt_gain, busy));
    sim::expect(share_.back() > 0.0, "a busy core does some work");
  }
  const auto cpus = static_cast<std::uint32_t>(machine.cpus.size());
  for (std::uint32_t cpu = 0; cpu < cpus; ++cpu) {
    base_.push_back(core_speed(cpu) * after_ticks_);
    sim::expect(base_.back() > 0.0, "a core kind's speed is positive");
  }
  if (machine.speed_over_time.empty()) {
    return;
  }
  sim::expect(machine.speed_over_time.size() == cpus, "speed over time is given for each CPU");
  next_change_.assign(cpus, never);
  changes_done_.assign(cpus, 0);
  for (std::uint32_t cpu = 0; cpu < cpus; ++cpu) {
    if (!machine.speed_over_time[cpu].empty()) {
      next_change_[cpu] = machine.speed_over_time[cpu].front().from.time_since_epoch().count();
    }
  }
}

double CpuRates::core_speed(std::uint32_t cpu) const {
  const CoreSpec& core = machine_.cores[index_of(machine_.cpus[cpu].core)];
  return core.kind < machine_.core_kinds.size() ? machine_.core_kinds[core.kind].speed : 1.0;
}

double CpuRates::advance(std::uint32_t cpu, std::int64_t now_ns) {
  const SpeedTimeline& timeline = machine_.speed_over_time[cpu];
  std::uint32_t& done = changes_done_[cpu];
  double factor = done == 0 ? 1.0 : timeline[done - 1].factor;
  while (done < timeline.size() && timeline[done].from.time_since_epoch().count() <= now_ns) {
    factor = timeline[done].factor;
    ++done;
  }
  sim::expect(factor > 0.0, "a CPU's speed over time is positive");
  base_[cpu] = core_speed(cpu) * after_ticks_ * factor;
  next_change_[cpu] =
      done < timeline.size() ? timeline[done].from.time_since_epoch().count() : never;
  return factor;
}

}  // namespace timeslice::models
