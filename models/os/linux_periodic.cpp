// Passes at ticks: of busy CPUs for themselves, and on behalf of the idle ones.
// Source: sched_balance_domains(), nohz_balancer_kick(), _nohz_idle_balance(), fair.c of 6.12.
#include <algorithm>

#include "models/os/linux_balance.hpp"

namespace timeslice::models {

namespace {

constexpr std::int64_t busy_factor = 16;  // sd_init(), topology.c of 6.12
constexpr std::int64_t ns_per_ms = 1'000'000;
constexpr std::int64_t interval_max_ns_per_cpu = 100 * ns_per_ms;  // HZ * CPUs / 10 jiffies

}  // namespace

/// In whole ticks, rounded up; a busy CPU waits 16 times as long, less one tick.
std::int64_t Dispatcher::State::LinuxBalance::interval_ticks(const DomainState& own,
                                                             bool busy) const {
  const std::int64_t ns = own.interval_ms * ns_per_ms * (busy ? busy_factor : 1);
  const std::int64_t ticks = (ns + tick_ns - 1) / tick_ns - (busy ? 1 : 0);
  const std::int64_t most =
      interval_max_ns_per_cpu * static_cast<std::int64_t>(cpus.size()) / tick_ns;
  return std::clamp(ticks, std::int64_t{1}, std::max(std::int64_t{1}, most));
}

/// One CPU of each group looks around for all of it: the first idle one (of an idle core, if there
/// is one), else the first.
bool Dispatcher::State::LinuxBalance::should_balance(std::uint32_t cpu,
                                                     const Domain& domain) const {
  const std::uint32_t position = state.map.position(cpu);
  const CpuRange group = *std::ranges::partition_point(
      domain.groups, [position](const CpuRange& range) { return range.end <= position; });
  const std::uint32_t chosen = domain.kind == DomainKind::smt ? state.idle.first_idle_in(group)
                                                              : state.idle.best_idle_in(group);
  return (chosen == IdleCpus::none ? state.map.cpu_at(group.begin) : chosen) == cpu;
}

void Dispatcher::State::LinuxBalance::balance_domains(std::uint32_t cpu, Occasion occasion) {
  CpuBalance& it = cpus[cpu];
  const auto chain = domains.of(state.map.position(cpu));
  bool busy = occasion == Occasion::busy;
  bool goes_on = true;
  bool lowered = false;
  std::int64_t costs = 0;
  it.next_balance = ticks_now() + interval_max_ns_per_cpu * state.map.cpus() / tick_ns;
  for (std::uint32_t level = 0; level < chain.size(); ++level) {
    DomainState& own = it.domains[level];
    lowered = renew_cost(own, 0) || lowered;
    costs += own.search_cost_max;
    if (!goes_on) {
      continue;
    }
    if (ticks_now() >= own.last_balance + interval_ticks(own, busy)) {
      goes_on = should_balance(cpu, domains.at(chain[level]));
      if (!goes_on) {
        balanced(own, domains.at(chain[level]));
      } else if (balance(cpu, level, busy ? Occasion::busy : Occasion::idle)) {
        busy = !state.idle.contains(cpu);
      }
      own.last_balance = ticks_now();
    }
    it.next_balance = std::min(it.next_balance, own.last_balance + interval_ticks(own, busy));
  }
  if (lowered) {
    it.search_cost_max = std::max(hot_ns, costs);
  }
}

/// All idle CPUs whose time has come look for work: Linux kicks one of them, which acts for all.
void Dispatcher::State::LinuxBalance::balance_for_idle() {
  next_idle_pass = ticks_now() + interval_max_ns_per_cpu * state.map.cpus() / tick_ns;
  forget_groups();
  looks_for_all = true;
  std::uint32_t position = state.idle.next_idle(0);
  for (; position != IdleCpus::none; position = state.idle.next_idle(position + 1)) {
    const std::uint32_t other = state.map.cpu_at(position);
    if (ticks_now() >= cpus[other].next_balance) {
      balance_domains(other, Occasion::idle);
    }
    next_idle_pass = std::min(next_idle_pass, cpus[other].next_balance);
  }
  looks_for_all = false;
}

/// Whether the running thread shares its core although another core is idle.
bool Dispatcher::State::LinuxBalance::crowded(std::uint32_t cpu) const {
  return state.busy_in_core[state.cpus[cpu].core] > 1 && state.idle.has_idle_core();
}

/// Whether looking around from a CPU with nobody waiting can find nothing, until somebody waits
/// somewhere or a CPU with room goes idle.
bool Dispatcher::State::LinuxBalance::could_rest(std::uint32_t cpu) const {
  const bool no_better_place = state.map.llcs().size() == 1 && !state.map.hybrid() && !crowded(cpu);
  return overloaded_cpus == 0 && (state.idle.empty() || no_better_place);
}

void Dispatcher::State::LinuxBalance::wake_quiet() {
  std::vector<std::uint32_t> woken;
  woken.swap(resting);
  for (const std::uint32_t cpu : woken) {
    cpus[cpu].quiet = false;
    if (state.cpus[cpu].phase == Phase::running) {
      state.arm(cpu);
    }
  }
}

/// When `cpu`, which runs a thread, has to look around next. [ns]
std::int64_t Dispatcher::State::LinuxBalance::next_tick(std::uint32_t cpu) {
  const Cpu& it = state.cpus[cpu];
  const bool kicks =
      !state.idle.empty() && (it.waiting > 0 || crowded(cpu) || misfit_on(cpu) > 0.0);
  if (!kicks && cpus[cpu].quiet) {
    return never;
  }
  const std::int64_t earliest = kicks ? 0 : cpus[cpu].next_balance * tick_ns;
  return state.tick_at_or_after(it, std::max(earliest, state.now() + 1));
}

bool Dispatcher::State::LinuxBalance::tick(std::uint32_t cpu) {
  const Cpu& it = state.cpus[cpu];
  ticking = cpu;
  if (ticks_now() >= cpus[cpu].next_balance) {
    balance_domains(cpu, Occasion::busy);
  }
  if (!state.idle.empty() && ticks_now() >= next_idle_pass) {
    const CpuRange cache = state.map.llc(state.map.position(cpu));
    const bool others_busy = state.idle.idle_in(cache) + 1 < cache.size();
    if (it.waiting > 0 || others_busy || misfit_on(cpu) > 0.0) {
      balance_for_idle();
    }
  }
  if (!cpus[cpu].quiet && it.waiting == 0 && could_rest(cpu)) {
    cpus[cpu].quiet = true;
    resting.push_back(cpu);
  }
  ticking = nobody;
  return cpus[cpu].push && push_running(cpu);
}

}  // namespace timeslice::models
