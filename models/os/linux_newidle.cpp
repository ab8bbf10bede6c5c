// A CPU runs dry: whether it searches the others for a waiting thread.
// Source: sched_balance_newidle(), fair.c of 6.12.117 and of 6.18.5 (NI_RANDOM).
#include <algorithm>

#include "models/os/linux_balance.hpp"

namespace timeslice::models {

namespace {

constexpr std::uint32_t parts = 1024;  // of the success rate, as the kernel counts it
constexpr std::uint32_t chances_max = 1024;
constexpr std::int64_t decay_every_ns = 1'000'000'000;
constexpr std::int64_t decay_numerator = 253;  // about 1 % a second
constexpr std::int64_t decay_denominator = 256;
constexpr std::int64_t cost_over_hot_ns = 200;  // a recorded cost is at most migration cost + this

}  // namespace

void Dispatcher::State::LinuxBalance::count_chance(DomainState& own, std::uint32_t successes) {
  ++own.chances;
  own.successes += successes;
  if (own.chances >= chances_max) {
    own.success_part = static_cast<double>(own.successes) / parts;
    own.chances /= 2;
    own.successes /= 2;
  }
}

/// 0: this chance is skipped. Else what a success counts, so that the mean is that of all chances.
std::uint32_t Dispatcher::State::LinuxBalance::chance_weight(DomainState& own) {
  if (state.os.balance.newidle_gate != NewidleGate::proportional) {
    return 1;
  }
  const auto weight = 1 + static_cast<std::uint32_t>(own.success_part * parts);
  const auto thrown = static_cast<std::uint32_t>(chances.next(state.random) * parts);
  return thrown > weight ? 0 : (parts + weight / 2) / weight;
}

/// Keeps the greatest cost of a search; forgets it slowly. True: it was lowered.
bool Dispatcher::State::LinuxBalance::renew_cost(DomainState& own, std::int64_t cost) const {
  if (cost > own.search_cost_max) {
    const bool limited = state.os.balance.newidle_gate == NewidleGate::rising_cost;
    own.search_cost_max = limited ? std::min(cost, hot_ns + cost_over_hot_ns) : cost;
    own.cost_decayed = state.now();
    return false;
  }
  if (state.now() <= own.cost_decayed + decay_every_ns) {
    return false;
  }
  own.search_cost_max = own.search_cost_max * decay_numerator / decay_denominator;
  own.cost_decayed = state.now();
  return true;
}

/// Searches one domain. `spent` grows by what it cost.
bool Dispatcher::State::LinuxBalance::search(std::uint32_t cpu, std::uint32_t level,
                                             std::int64_t& spent) {
  DomainState& own = cpus[cpu].domains[level];
  const std::uint32_t weight = chance_weight(own);
  if (weight == 0) {
    count_chance(own, 0);
    return false;
  }
  const Domain& domain = domains.at(domains.of(state.map.position(cpu))[level]);
  const bool found = balance(cpu, level, Occasion::newly_idle);
  std::int64_t cost = state.os.balance.newidle_look.count() * domain.weight();
  spent += cost;
  if (!found && state.os.balance.newidle_gate == NewidleGate::rising_cost) {
    cost = std::max(cost, own.search_cost_max * 3 / 2);
  }
  count_chance(own, found ? weight : 0);
  renew_cost(own, cost);
  return found;
}

bool Dispatcher::State::LinuxBalance::run_dry(std::uint32_t cpu) {
  CpuBalance& it = cpus[cpu];
  std::int64_t spent = 0;
  bool found = false;
  const bool worth =
      overloaded && !it.domains.empty() && it.idle_mean >= it.domains.front().search_cost_max;
  const auto chain = domains.of(state.map.position(cpu));
  for (std::uint32_t level = 0; level < it.domains.size() && !found; ++level) {
    const DomainState& own = it.domains[level];
    it.next_balance = std::min(it.next_balance, own.last_balance + interval_ticks(own, false));
    if (!worth || it.idle_mean < spent + own.search_cost_max) {
      break;
    }
    found = !domains.at(chain[level]).far && search(cpu, level, spent);
  }
  it.search_cost_max = std::max(it.search_cost_max, spent);
  it.search_cost = found ? spent : 0;
  return found;
}

}  // namespace timeslice::models
