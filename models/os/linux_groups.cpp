// What groups of CPUs have to do, which is the busiest, and how much should move.
// Source: update_sd_lb_stats(), sched_balance_find_src_group(), calculate_imbalance(),
// sched_balance_find_src_rq(), fair.c of 6.12. Left out: asymmetric packing, energy, affinity.
#include <algorithm>
#include <cmath>

#include "models/os/linux_balance.hpp"

namespace timeslice::models {

namespace {

constexpr double clearly_greater = 1.05;  // capacity_greater(): 1078 / 1024
constexpr double numa_pair_load = 2.0;    // NUMA_IMBALANCE_MIN

/// By how many threads `busiest` has more than `local` for as many cores.
double surplus(const auto& local, const auto& busiest) {
  const auto here = static_cast<double>(local.threads);
  const auto there = static_cast<double>(busiest.threads);
  if (local.cores == busiest.cores) {
    return std::max(0.0, there - here);
  }
  const auto cores_here = static_cast<double>(local.cores);
  const auto cores_there = static_cast<double>(busiest.cores);
  const double crossed = std::max(0.0, cores_here * there - cores_there * here);
  const double cores = cores_here + cores_there;
  const double normal = std::floor((2.0 * crossed + cores) / cores);
  const bool empty_here = local.threads == 0 && busiest.threads > 1;
  return normal <= 1.0 && empty_here ? 2.0 : normal;
}

}  // namespace

/// Running time of the thread on a CPU that is too slow for it; 0: it fits.
double Dispatcher::State::LinuxBalance::misfit_on(std::uint32_t cpu) const {
  if (!state.map.hybrid() || !runs(cpu) || cpus[cpu].capacity >= 1.0) {
    return 0.0;
  }
  LoadAverage average = threads[state.cpus[cpu].thread].average;
  average.settle(state.now());
  const double running = average.mean().running;
  return running * fits_margin < cpus[cpu].capacity ? 0.0 : running;
}

/// By what its threads did lately, so a CPU with a queue of short threads may have time to spare.
Dispatcher::State::LinuxBalance::GroupKind Dispatcher::State::LinuxBalance::kind_of(
    const Group& group, std::uint32_t width, double imbalance_pct, bool crowded_counts) {
  const bool short_of_time = group.capacity * 100.0 < group.running * imbalance_pct;
  const bool waits = group.capacity * imbalance_pct < group.able * 100.0;
  if (group.threads > width && (short_of_time || waits)) {
    return GroupKind::overloaded;
  }
  const bool one_core = group.cores == 1 && group.cpus.size() > 1;
  if (one_core && group.threads > 1 && crowded_counts) {
    return GroupKind::smt_crowded;
  }
  if (group.misfit > 0.0) {
    return GroupKind::misfit;
  }
  const bool spare = group.threads < width || (!waits && !short_of_time);
  return spare ? GroupKind::has_spare : GroupKind::fully_busy;
}

Dispatcher::State::LinuxBalance::Group Dispatcher::State::LinuxBalance::group_of(
    const Pass& pass, CpuRange range) const {
  Group group{.cpus = range, .cores = 0};
  for (std::uint32_t position = range.begin; position < range.end; ++position) {
    const std::uint32_t cpu = state.map.cpu_at(position);
    group.cores += state.map.core(position).begin == position ? 1U : 0U;
    if (std::ranges::find(excluded, cpu) != excluded.end()) {
      continue;
    }
    LoadAverage average = cpus[cpu].average;
    average.settle(state.now());
    group.capacity += cpus[cpu].capacity;
    group.capacity_max = std::max(group.capacity_max, cpus[cpu].capacity);
    group.running += average.mean().running;
    group.able += average.mean().able;
    group.load += average.mean().load;
    group.threads += threads_on(cpu);
    group.idle += state.idle.contains(cpu) ? 1U : 0U;
    group.misfit = std::max(group.misfit, misfit_on(cpu));
  }
  group.cores = std::max(group.cores, 1U);
  group.kind =
      kind_of(group, range.size(), pass.domain->imbalance_pct, pass.occasion != Occasion::busy);
  if (group.capacity > 0.0) {
    group.load_per_capacity = group.load / group.capacity;
  }
  return group;
}

bool Dispatcher::State::LinuxBalance::busier(const Pass& pass, const Group& local,
                                             const Group& group, const Group& than) const {
  if (group.threads == 0) {
    return false;
  }
  const bool helps = cpus[pass.cpu].capacity > group.capacity_max * clearly_greater &&
                     local.kind == GroupKind::has_spare;
  if (group.kind == GroupKind::misfit && !helps) {
    return false;
  }
  if (group.kind != than.kind) {
    return group.kind > than.kind;
  }
  switch (group.kind) {
    case GroupKind::overloaded:
    case GroupKind::fully_busy:
    case GroupKind::smt_crowded:
      return group.load_per_capacity > than.load_per_capacity;
    case GroupKind::misfit:
      return group.misfit > than.misfit;
    case GroupKind::has_spare:
      break;
  }
  return group.idle != than.idle ? group.idle < than.idle : group.threads > than.threads;
}

/// Whether there is anything to even out between the two. `mean_load` is that of the whole domain.
bool Dispatcher::State::LinuxBalance::worth_it(const Pass& pass, Group& local, const Group& busiest,
                                               double mean_load) {
  if (busiest.kind == GroupKind::misfit) {
    return true;
  }
  if (local.kind > busiest.kind) {
    return false;
  }
  if (local.kind == GroupKind::overloaded) {
    return local.load_per_capacity < busiest.load_per_capacity &&
           local.load_per_capacity < mean_load &&
           100.0 * busiest.load_per_capacity > pass.domain->imbalance_pct * local.load_per_capacity;
  }
  if (pass.domain->spreads_children && local.kind == GroupKind::has_spare &&
      surplus(local, busiest) > 1.0) {
    return true;
  }
  if (busiest.kind == GroupKind::overloaded) {
    return true;
  }
  const bool as_idle = busiest.cpus.size() > 1 && local.idle <= busiest.idle + 1;
  return pass.occasion != Occasion::busy && !as_idle && busiest.threads > 1;
}

/// How much of what should move.
void Dispatcher::State::LinuxBalance::weigh(Pass& pass, Group& local, const Group& busiest,
                                            double mean_load) {
  if (busiest.kind == GroupKind::misfit) {
    pass.moves = Moves::misfit;
    pass.imbalance = 1.0;
    return;
  }
  if (busiest.kind == GroupKind::smt_crowded) {
    pass.moves = Moves::threads;
    pass.imbalance = 1.0;
    return;
  }
  if (local.kind == GroupKind::has_spare) {
    const bool fills = busiest.kind > GroupKind::fully_busy && !pass.domain->shares_cache;
    if (fills) {
      pass.moves = Moves::running_time;
      pass.imbalance = std::max(0.0, local.capacity - local.running);
      if (pass.imbalance == 0.0 && pass.occasion != Occasion::busy) {
        pass.moves = Moves::threads;
        pass.imbalance = 1.0;
      }
      return;
    }
    pass.moves = Moves::threads;
    const bool by_threads = busiest.cpus.size() == 1 || pass.domain->spreads_children;
    const double idle = static_cast<double>(local.idle) - static_cast<double>(busiest.idle);
    pass.imbalance = by_threads ? surplus(local, busiest) : std::max(0.0, idle);
    const bool few = local.threads + 1 <= pass.domain->numa_imbalance_max;
    if (pass.domain->kind == DomainKind::numa && few && pass.imbalance <= numa_pair_load) {
      pass.imbalance = 0.0;
    }
    pass.imbalance = std::floor(pass.imbalance / 2.0);
    return;
  }
  if (local.kind < GroupKind::overloaded && (local.load_per_capacity >= busiest.load_per_capacity ||
                                             local.load_per_capacity >= mean_load)) {
    pass.imbalance = 0.0;
    return;
  }
  pass.moves = Moves::load;
  pass.imbalance = std::min((busiest.load_per_capacity - mean_load) * busiest.capacity,
                            (mean_load - local.load_per_capacity) * local.capacity);
}

/// With one CPU in each group and nobody waiting anywhere, no CPU has a thread to give away.
bool Dispatcher::State::LinuxBalance::nothing_waits_in(const Domain& domain) const {
  return overloaded_cpus == 0 && domain.groups.front().size() == 1 && !state.map.hybrid();
}

/// What a pass that finds nothing leaves behind all the same.
void Dispatcher::State::LinuxBalance::find_nothing(const Domain& domain, Occasion occasion) {
  overloaded = overloaded && domain.weight() != state.map.cpus();
  const std::uint32_t llc = state.map.llc_number(domain.span.begin);
  const bool of_cache = state.map.llcs()[llc].size() == domain.weight();
  if (occasion == Occasion::newly_idle || !of_cache || (looks_for_all && limit_seen[llc])) {
    return;
  }
  double running = 0.0;
  for (std::uint32_t at = domain.span.begin; at < domain.span.end; ++at) {
    LoadAverage average = cpus[state.map.cpu_at(at)].average;
    average.settle(state.now());
    running += average.mean().running;
  }
  renew_scan_limit(llc, running);
  limit_seen[llc] = looks_for_all;
}

const std::vector<Dispatcher::State::LinuxBalance::Group>&
Dispatcher::State::LinuxBalance::groups_of(const Pass& pass) {
  const bool keeps = looks_for_all && excluded.empty() && pass.occasion == Occasion::idle;
  std::vector<Group>& all = keeps ? seen_groups[pass.number] : groups;
  if (keeps && !all.empty()) {
    return all;
  }
  all.clear();
  for (const CpuRange& range : pass.domain->groups) {
    all.push_back(group_of(pass, range));
  }
  if (keeps) {
    seen_domains.push_back(pass.number);
  }
  return all;
}

/// Something has changed since they were looked at.
void Dispatcher::State::LinuxBalance::forget_groups() {
  for (const std::uint32_t domain : seen_domains) {
    seen_groups[domain].clear();
  }
  seen_domains.clear();
  limit_seen.assign(limit_seen.size(), false);
}

std::optional<Dispatcher::State::LinuxBalance::Group>
Dispatcher::State::LinuxBalance::busiest_group(Pass& pass) {
  const std::uint32_t position = state.map.position(pass.cpu);
  const Domain& domain = *pass.domain;
  const std::vector<Group>& all = groups_of(pass);
  Group local = *std::ranges::partition_point(
      all, [position](const Group& group) { return group.cpus.end <= position; });
  Group busiest{.cpus = {}, .idle = nobody};
  double load = local.load;
  double capacity = local.capacity;
  double running = local.running;
  bool somebody_waits = local.threads > local.cpus.size() - local.idle;
  for (const Group& group : all) {
    if (group.cpus.begin == local.cpus.begin) {
      continue;
    }
    load += group.load;
    capacity += group.capacity;
    running += group.running;
    somebody_waits = somebody_waits || group.threads > group.cpus.size() - group.idle;
    busiest = busier(pass, local, group, busiest) ? group : busiest;
  }
  if (domain.weight() == state.map.cpus()) {
    overloaded = somebody_waits;
  }
  if (pass.occasion != Occasion::newly_idle) {
    const std::uint32_t llc = state.map.llc_number(domain.span.begin);
    if (state.map.llcs()[llc].size() == domain.weight()) {
      renew_scan_limit(llc, running);
    }
  }
  const double mean_load = capacity > 0.0 ? load / capacity : 0.0;
  if (busiest.threads == 0 || !worth_it(pass, local, busiest, mean_load)) {
    return std::nullopt;
  }
  weigh(pass, local, busiest, mean_load);
  return pass.imbalance > 0.0 ? std::optional{busiest} : std::nullopt;
}

/// The CPU of the group from which to take; nobody: none can give.
std::uint32_t Dispatcher::State::LinuxBalance::busiest_cpu(const Pass& pass,
                                                           const Group& group) const {
  std::uint32_t found = nobody;
  double most = 0.0;
  for (std::uint32_t position = group.cpus.begin; position < group.cpus.end; ++position) {
    const std::uint32_t cpu = state.map.cpu_at(position);
    const std::uint32_t count = threads_on(cpu);
    if (count == 0 || std::ranges::find(excluded, cpu) != excluded.end()) {
      continue;
    }
    // A faster CPU's only thread is not taken to a slower one.
    const bool slower = cpus[pass.cpu].capacity <= cpus[cpu].capacity * clearly_greater;
    if (state.map.hybrid() && slower && count == 1 &&
        cpus[cpu].capacity > cpus[pass.cpu].capacity) {
      continue;
    }
    LoadAverage average = cpus[cpu].average;
    average.settle(state.now());
    double value = static_cast<double>(count);
    switch (pass.moves) {
      case Moves::load:
        value = average.mean().load / cpus[cpu].capacity;
        if (count == 1 && average.mean().load > pass.imbalance) {
          continue;
        }
        break;
      case Moves::running_time:
        value = count > 1 ? average.mean().running : 0.0;
        break;
      case Moves::misfit:
        value = misfit_on(cpu);
        break;
      case Moves::threads:
        break;
    }
    if (value > most) {
      most = value;
      found = cpu;
    }
  }
  return found;
}

}  // namespace timeslice::models
