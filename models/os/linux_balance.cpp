#include "models/os/linux_balance.hpp"

#include <algorithm>

namespace timeslice::models {

namespace {

/// Of the fastest kind of core; Linux calls it capacity, in 1/1024.
double capacity_of(const MachineSpec& machine, std::uint32_t cpu) {
  const CoreSpec& core = machine.cores[index_of(machine.cpus[cpu].core)];
  double fastest = 0.0;
  for (const CoreKindSpec& kind : machine.core_kinds) {
    fastest = std::max(fastest, kind.speed);
  }
  return machine.core_kinds[core.kind].speed / fastest;
}

constexpr std::uint32_t chances_at_start = 512;  // newidle_call after boot, sd_init() of 6.18.5

}  // namespace

/// The machine has been up for a while: each CPU is somewhere in its interval.
Dispatcher::State::LinuxBalance::LinuxBalance(State& its_state)
    : state{its_state},
      domains{state.map, state.machine},
      tick_ns{state.os.tick.count()},
      hot_ns{state.os.balance.cache_hot.count()},
      cpus(state.map.cpus()),
      used{state.map.cpus()},
      scan_limits(state.map.llcs().size()),
      seen_groups(domains.count()),
      limit_seen(state.map.llcs().size()),
      chances{sim::hash_name32("os/newidle-chance")} {
  const double part = state.os.balance.newidle_success;
  DrawStream phases{sim::hash_name32("os/balance-phase")};
  for (std::uint32_t cpu = 0; cpu < cpus.size(); ++cpu) {
    CpuBalance& it = cpus[cpu];
    it.capacity = capacity_of(state.machine, cpu);
    it.average = LoadAverage{state.now()};
    it.idle_since = state.now();
    it.idle_mean = 2 * hot_ns;
    it.search_cost_max = hot_ns;
    for (const std::uint32_t domain : domains.of(state.map.position(cpu))) {
      DomainState& own = it.domains.emplace_back();
      own.interval_ms = domains.at(domain).weight();
      own.chances = chances_at_start;
      own.success_part = part;
      own.successes = static_cast<std::uint32_t>(part * chances_at_start);
      const auto interval = static_cast<double>(interval_ticks(own, true));
      const double passed = state.os.random_tick_phase ? phases.next(state.random) : 0.0;
      own.last_balance = ticks_now() - static_cast<std::int64_t>(passed * interval);
    }
  }
  scan_renewed.assign(scan_limits.size(), ticks_now());
  for (std::uint32_t llc = 0; llc < scan_limits.size(); ++llc) {
    scan_limits[llc] = state.map.llcs()[llc].size();
  }
}

LoadAverage& Dispatcher::State::LinuxBalance::settled(LoadAverage& average) const {
  average.settle(state.now());
  return average;
}

std::uint32_t Dispatcher::State::LinuxBalance::threads_on(std::uint32_t cpu) const {
  const Cpu& it = state.cpus[cpu];
  return it.waiting - std::min(it.waiting, it.stopped) + (runs(cpu) ? 1U : 0U);
}

void Dispatcher::State::LinuxBalance::thread_created(std::uint32_t weight) {
  ThreadBalance& it = threads.emplace_back();
  it.weight = weight;
  it.average = LoadAverage{state.now()};
}

/// A new thread counts with its whole weight, and is thought to run as much as others of its weight
/// do on its CPU, at most half of the time that is left over there. Source:
/// init_entity_runnable_average() and post_init_entity_util_avg(), fair.c of 6.12.
void Dispatcher::State::LinuxBalance::guess_activity(std::uint32_t thread, std::uint32_t cpu) {
  ThreadBalance& it = threads[thread];
  const Activity& there = settled(cpus[cpu].average).mean();
  const double weight = it.weight;
  const double left = std::max(0.0, (cpus[cpu].capacity - there.running) / 2.0);
  const double alike = there.running * weight / (there.load + 1.0);
  const double running = there.running > 0.0 ? std::min(alike, left) : left;
  it.average.set_mean({.running = running, .able = running, .load = weight});
}

/// A running thread; what it did so far counts with its new weight too. Source: reweight_task() and
/// reweight_entity(), fair.c of 6.12.
void Dispatcher::State::LinuxBalance::thread_reweighted(std::uint32_t thread,
                                                        std::uint32_t weight) {
  ThreadBalance& it = threads[thread];
  LoadAverage& on = settled(cpus[state.threads[thread].cpu].average);
  settled(it.average);
  on.remove(it.average);
  it.average.scale_load(static_cast<double>(weight) / it.weight);
  on.add(it.average);
  it.weight = weight;
}

/// The thread's activity, now and lately, counts on another CPU.
void Dispatcher::State::LinuxBalance::thread_placed(std::uint32_t thread, std::uint32_t from,
                                                    std::uint32_t to) {
  ThreadBalance& it = threads[thread];
  if (it.placed && from == to) {
    return;
  }
  settled(it.average);
  if (it.placed) {
    settled(cpus[from].average).remove(it.average);
  } else {
    guess_activity(thread, to);
  }
  settled(cpus[to].average).add(it.average);
  used.insert(state.map.position(to));
  it.placed = true;
}

void Dispatcher::State::LinuxBalance::thread_changed(std::uint32_t thread, bool able,
                                                     bool running) {
  ThreadBalance& it = threads[thread];
  CpuBalance& on = cpus[state.threads[thread].cpu];
  const Activity& before = settled(it.average).present();
  const double share = able ? 1.0 : 0.0;
  const Activity change{.running = (running ? on.capacity : 0.0) - before.running,
                        .able = share - before.able,
                        .load = share * it.weight - before.load};
  it.average.change(change);
  settled(on.average).change(change);
}

void Dispatcher::State::LinuxBalance::thread_exited(std::uint32_t thread) {
  thread_changed(thread, false, false);
  settled(cpus[state.threads[thread].cpu].average).remove(threads[thread].average);
  threads[thread].placed = false;
}

void Dispatcher::State::LinuxBalance::cpu_idle(std::uint32_t cpu) {
  cpus[cpu].idle_since = state.now();
  cpus[cpu].push = false;
  const bool better_place = state.map.llcs().size() > 1 || state.map.hybrid() ||
                            (state.map.core_size_max() > 1 && state.idle.core_idle(cpu));
  if (better_place && !resting.empty()) {
    wake_quiet();
  }
}

/// A wake-up ends the idle time: its mean moves by an eighth of the difference. The mean stays
/// below twice the cost of a search. Source: ttwu_do_activate(), kernel/sched/core.c of 6.12.
void Dispatcher::State::LinuxBalance::cpu_called(std::uint32_t cpu) {
  constexpr std::int64_t part = 8;
  CpuBalance& it = cpus[cpu];
  it.idle_mean += (state.now() - it.idle_since - it.idle_mean) / part;
  it.idle_mean = std::min(it.idle_mean, 2 * it.search_cost_max);
}

void Dispatcher::State::LinuxBalance::load_noted(const CpuLoad& before, const CpuLoad& now) {
  const bool had = before.movable > 0;
  const bool has = now.movable > 0;
  if (had == has) {
    return;
  }
  overloaded_cpus += has ? 1U : 0U - 1U;
  overloaded = overloaded || has;
  if (has && overloaded_cpus == 1) {
    wake_quiet();
  }
}

std::int64_t Dispatcher::State::LinuxBalance::take_search_cost(std::uint32_t cpu) {
  const std::int64_t cost = cpus[cpu].search_cost;
  cpus[cpu].search_cost = 0;
  return cost;
}

}  // namespace timeslice::models
