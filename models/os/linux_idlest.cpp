// Where a new thread goes, and one whose program is replaced (execve): down the domains to the
// idlest group, in it to the idlest CPU.
// Source: sched_balance_find_dst_cpu() and what it calls, fair.c of 6.12.
#include <algorithm>
#include <tuple>

#include "models/os/linux_balance.hpp"

namespace timeslice::models {

namespace {

constexpr double new_thread_running = 0.5;
constexpr double nice_0_load = 1024.0;
constexpr std::uint32_t numa_pair = 2;  // NUMA_IMBALANCE_MIN: threads that talk to each other

}  // namespace

/// Whether the thread itself is part of what the CPU has to do: at exec, not when it is new.
bool Dispatcher::State::LinuxBalance::is_on(std::uint32_t thread, std::uint32_t cpu) const {
  return threads[thread].placed && state.threads[thread].cpu == cpu;
}

/// Without what the thread itself does there.
Dispatcher::State::LinuxBalance::Group Dispatcher::State::LinuxBalance::group_for_new(
    const Domain& domain, CpuRange range, std::uint32_t thread) const {
  Group group{.cpus = range};
  bool fits_one = false;
  std::uint32_t usable = 0;
  // Who never had a thread adds nothing but its speed and its idleness.
  const bool all_alike =
      !state.map.hybrid() && cpus.front().capacity >= 1.0 && state.threads[thread].pinned == 0;
  if (all_alike) {
    const std::uint32_t fresh = range.size() - used.count_in(range.begin, range.end);
    usable = group.idle = fresh;
    group.capacity = fresh;
    fits_one = fresh > 0;
  }
  const auto next = [&](std::uint32_t position) {
    return all_alike ? used.next(position) : position;
  };
  for (std::uint32_t position = next(range.begin); position < range.end;
       position = next(position + 1)) {
    const std::uint32_t cpu = state.map.cpu_at(position);
    if (!state.allowed(thread, cpu)) {
      continue;
    }
    ++usable;
    LoadAverage average = cpus[cpu].average;
    average.settle(state.now());
    const bool itself = is_on(thread, cpu);
    if (itself) {
      LoadAverage own = threads[thread].average;
      own.settle(state.now());
      average.remove(own);
    }
    group.capacity += cpus[cpu].capacity;
    group.running += average.mean().running;
    group.able += average.mean().able;
    group.load += average.mean().load;
    const std::uint32_t others = threads_on(cpu) - (itself ? 1U : 0U);
    group.threads += others;
    group.idle += state.idle.contains(cpu) || (itself && others == 0) ? 1U : 0U;
    fits_one = fits_one || cpus[cpu].capacity >= 1.0 ||
               new_thread_running * fits_margin < cpus[cpu].capacity;
  }
  if (usable == 0) {
    group.cores = 0;  // marks a group of which no CPU may be used
    return group;
  }
  group.load_per_capacity = group.load / group.capacity;
  group.misfit = fits_one ? 0.0 : new_thread_running;
  group.kind = kind_of(group, usable, domain.imbalance_pct, false);
  return group;
}

/// The group with most idle CPUs, else with least load; nothing: the one of `cpu` is as good.
std::optional<CpuRange> Dispatcher::State::LinuxBalance::idlest_group(const Domain& domain,
                                                                      std::uint32_t cpu,
                                                                      std::uint32_t thread) const {
  const std::uint32_t position = state.map.position(cpu);
  std::optional<Group> local;
  std::optional<Group> best;
  // Less is better: kind; idle CPUs; running time or load.
  const auto rank = [](const Group& group) {
    const bool spare = group.kind == GroupKind::has_spare;
    return std::tuple{group.kind, spare ? -static_cast<std::int64_t>(group.idle) : 0,
                      spare ? group.running : group.load_per_capacity};
  };
  for (const CpuRange& range : domain.groups) {
    const Group group = group_for_new(domain, range, thread);
    if (group.cores == 0) {
      continue;
    }
    if (position >= range.begin && position < range.end) {
      local = group;
    } else if (!best || rank(group) < rank(*best)) {
      best = group;
    }
  }
  if (!best) {
    return std::nullopt;
  }
  if (!local || best->kind < local->kind) {
    return best->cpus;
  }
  if (best->kind > local->kind) {
    return std::nullopt;
  }
  if (local->kind != GroupKind::has_spare) {
    const double margin = nice_0_load * (domain.imbalance_pct - 100.0) / 100.0;
    const bool much_less =
        best->load_per_capacity + margin < local->load_per_capacity &&
        100.0 * local->load_per_capacity > domain.imbalance_pct * best->load_per_capacity;
    return much_less ? std::optional{best->cpus} : std::nullopt;
  }
  if (domain.kind == DomainKind::numa && local->threads + 1 <= domain.numa_imbalance_max &&
      std::max(local->idle, best->idle) - std::min(local->idle, best->idle) <= numa_pair) {
    return std::nullopt;
  }
  return best->idle > local->idle ? std::optional{best->cpus} : std::nullopt;
}

/// The CPU that became idle last (its caches are warm and its sleep not deep), else the least
/// loaded one.
std::uint32_t Dispatcher::State::LinuxBalance::idlest_cpu(CpuRange group,
                                                          std::uint32_t thread) const {
  std::uint32_t latest = nobody;
  std::uint32_t least = nobody;
  double least_load = 0.0;
  const bool bound = state.threads[thread].pinned != 0;
  if (!bound && used.count_in(group.begin, group.end) < group.size()) {
    latest = state.idle.first_idle_in(group);  // those that never had a thread are idle since 0
  }
  const auto next = [&](std::uint32_t position) { return bound ? position : used.next(position); };
  for (std::uint32_t position = next(group.begin); position < group.end;
       position = next(position + 1)) {
    const std::uint32_t cpu = state.map.cpu_at(position);
    if (!state.allowed(thread, cpu)) {
      continue;
    }
    if (state.idle.contains(cpu)) {
      const bool later = latest == nobody || cpus[cpu].idle_since > cpus[latest].idle_since;
      latest = later ? cpu : latest;
      continue;
    }
    LoadAverage average = cpus[cpu].average;
    average.settle(state.now());
    if (least == nobody || average.mean().load < least_load) {
      least = cpu;
      least_load = average.mean().load;
    }
  }
  return latest != nobody ? latest : least;
}

std::uint32_t Dispatcher::State::LinuxBalance::cpu_for_new(std::uint32_t thread, WakeCause cause) {
  std::uint32_t cpu = cause.thread != nobody ? state.threads[cause.thread].cpu : 0;
  if (!state.allowed(thread, cpu)) {
    cpu = state.threads[thread].cpu;
  }
  return walk_to_idlest(cpu, thread);
}

std::uint32_t Dispatcher::State::LinuxBalance::cpu_for_exec(std::uint32_t thread) {
  return walk_to_idlest(state.threads[thread].cpu, thread);
}

std::uint32_t Dispatcher::State::LinuxBalance::walk_to_idlest(std::uint32_t cpu,
                                                              std::uint32_t thread) const {
  std::uint32_t weight = state.map.cpus() + 1;
  while (true) {
    const Domain* widest = nullptr;
    for (const std::uint32_t index : domains.of(state.map.position(cpu))) {
      const bool within = domains.at(index).weight() < weight;
      widest = within ? &domains.at(index) : widest;
    }
    if (widest == nullptr) {
      return cpu;
    }
    weight = widest->weight();
    const auto group = widest->far ? std::nullopt : idlest_group(*widest, cpu, thread);
    if (group) {
      cpu = idlest_cpu(*group, thread);
    }
  }
}

}  // namespace timeslice::models
