// Where a woken thread goes. Source: select_task_rq_fair() and what it calls, fair.c of 6.12.
#include <algorithm>
#include <utility>

#include "models/os/linux_balance.hpp"

namespace timeslice::models {

namespace {

constexpr std::int64_t flips_half_life_ns = 1'000'000'000;  // record_wakee()

}  // namespace

/// How often the waker changes the thread that it wakes, halved each second.
void Dispatcher::State::LinuxBalance::count_wakee(std::uint32_t waker, std::uint32_t thread) {
  ThreadBalance& it = threads[waker];
  if (state.now() > it.flips_halved + flips_half_life_ns) {
    it.flips /= 2;
    it.flips_halved = state.now();
  }
  if (it.last_wakee != thread) {
    it.last_wakee = thread;
    ++it.flips;
  }
}

/// Whether the waker serves so many threads that they had better not come to it.
bool Dispatcher::State::LinuxBalance::wakes_many(std::uint32_t waker, std::uint32_t thread,
                                                 std::uint32_t cpu) const {
  const auto [slave, master] = std::minmax(threads[waker].flips, threads[thread].flips);
  const std::uint32_t width = state.map.llc(state.map.position(cpu)).size();
  return slave >= width && master >= std::uint64_t{slave} * width;
}

bool Dispatcher::State::LinuxBalance::free_for(std::uint32_t thread, std::uint32_t cpu) const {
  return state.idle.contains(cpu) && state.allowed(thread, cpu);
}

/// Whether the thread's running time leaves a fifth of the CPU over; always on equal cores.
bool Dispatcher::State::LinuxBalance::fits(std::uint32_t thread, std::uint32_t cpu) const {
  if (!state.map.hybrid()) {
    return true;
  }
  LoadAverage average = threads[thread].average;
  average.settle(state.now());
  return cpus[cpu].capacity >= 1.0 || average.mean().running * fits_margin < cpus[cpu].capacity;
}

/// The previous CPU or the waker's: whichever is idle, else less loaded.
std::uint32_t Dispatcher::State::LinuxBalance::affine_target(std::uint32_t thread,
                                                             std::uint32_t waker, bool sync) {
  const std::uint32_t previous = state.threads[thread].cpu;
  const std::uint32_t here = state.threads[waker].cpu;
  if (sync && threads_on(here) == 1) {
    return here;
  }
  if (state.idle.contains(previous)) {
    return previous;
  }
  // The previous CPU's load counts half of what an imbalance_pct of 117 allows more: 8 %.
  constexpr double bias = 1.0 + 17.0 / 2.0 / 100.0;
  const double own = settled(threads[thread].average).mean().load;
  double load_here = settled(cpus[here].average).mean().load;
  double load_there = settled(cpus[previous].average).mean().load - own;
  if (sync) {
    load_here -= settled(threads[waker].average).mean().load;
    load_there += 1.0;
  }
  if (load_here < 0.0) {
    return here;
  }
  load_here = (load_here + own) * cpus[previous].capacity;
  load_there = load_there * bias * cpus[here].capacity;
  return load_here < load_there ? here : previous;
}

/// On unequal cores: an idle CPU that the thread fits, else the fastest idle one. O(CPUs).
std::uint32_t Dispatcher::State::LinuxBalance::idle_by_capacity(std::uint32_t thread,
                                                                std::uint32_t target) const {
  const std::uint32_t count = state.map.cpus();
  const std::uint32_t from = state.map.position(target);
  std::uint32_t best = nobody;
  for (std::uint32_t step = 0; step < count; ++step) {
    const std::uint32_t cpu = state.map.cpu_at((from + step) % count);
    if (!free_for(thread, cpu)) {
      continue;
    }
    if (fits(thread, cpu)) {
      return cpu;
    }
    if (best == nobody || cpus[cpu].capacity > cpus[best].capacity) {
      best = cpu;
    }
  }
  return best;
}

/// How many CPUs of the cache a wake-up may look at. Where passes were left out since they could
/// move nobody, the limit is renewed here, as rarely as they would have done it.
std::uint32_t Dispatcher::State::LinuxBalance::scan_limit(std::uint32_t llc) {
  const CpuRange cache = state.map.llcs()[llc];
  const DomainState longest{.interval_ms = 2 * std::int64_t{cache.size()}};
  if (ticks_now() >= scan_renewed[llc] + interval_ticks(longest, true)) {
    double running = 0.0;
    for (std::uint32_t position = cache.begin; position < cache.end; ++position) {
      running += settled(cpus[state.map.cpu_at(position)].average).mean().running;
    }
    renew_scan_limit(llc, running);
  }
  return scan_limits[llc];
}

/// SIS_UTIL: the limit falls with the square of how busy the CPUs are. Source:
/// update_idle_cpu_scan(), fair.c of 6.12.
void Dispatcher::State::LinuxBalance::renew_scan_limit(std::uint32_t llc, double running) {
  constexpr double pct = 1.17;  // imbalance_pct of a domain of one cache
  const auto width = static_cast<double>(state.map.llcs()[llc].size());
  const double busy = running / width * pct;
  scan_limits[llc] = static_cast<std::uint32_t>(std::max(0.0, 1.0 - busy * busy) * width);
  scan_renewed[llc] = ticks_now();
}

/// An idle CPU of the target's cache, an idle core if one is asked for; nobody if none is met
/// within the scan limit.
std::uint32_t Dispatcher::State::LinuxBalance::scan_cache(std::uint32_t thread,
                                                          std::uint32_t target, bool for_core) {
  const std::uint32_t from = state.map.position(target);
  const CpuRange cache = state.map.llc(from);
  const std::uint32_t limit =
      state.os.balance.scan_limit ? scan_limit(state.map.llc_number(from)) : cache.size();
  if (limit == 0) {
    return nobody;
  }
  std::uint32_t found = nobody;
  std::uint32_t looked_at = 0;
  for (std::uint32_t step = 1; step <= cache.size(); ++step) {
    const std::uint32_t position = cache.begin + (from - cache.begin + step) % cache.size();
    const std::uint32_t cpu = state.map.cpu_at(position);
    if (!state.allowed(thread, cpu)) {
      continue;
    }
    if (!for_core && ++looked_at > limit) {
      break;
    }
    if (!state.idle.contains(cpu)) {
      continue;
    }
    if (!for_core || state.idle.core_idle(cpu)) {
      return cpu;
    }
    found = found == nobody ? cpu : found;
  }
  return found;
}

std::uint32_t Dispatcher::State::LinuxBalance::idle_near(std::uint32_t thread,
                                                         std::uint32_t target) {
  const CpuMap& shape = state.map;
  const std::uint32_t previous = state.threads[thread].cpu;
  const std::uint32_t cache = shape.llc_number(shape.position(target));
  const auto good = [&](std::uint32_t cpu) {
    return shape.llc_number(shape.position(cpu)) == cache && free_for(thread, cpu) &&
           fits(thread, cpu);
  };
  if (good(target)) {
    return target;
  }
  if (previous != target && good(previous)) {
    return previous;
  }
  const std::uint32_t recent = std::exchange(threads[thread].recent_cpu, previous);
  if (recent != nobody && recent != previous && recent != target && good(recent)) {
    return recent;
  }
  if (shape.hybrid()) {
    const std::uint32_t found = idle_by_capacity(thread, target);
    return found == nobody ? target : found;
  }
  const bool for_core = shape.core_size_max() > 1 && state.idle.has_idle_core_in_llc(target);
  if (shape.core_size_max() > 1 && !for_core &&
      shape.llc_number(shape.position(previous)) == cache) {
    const CpuRange core = shape.core(shape.position(previous));
    for (std::uint32_t at = core.begin; at < core.end; ++at) {
      if (free_for(thread, shape.cpu_at(at))) {
        return shape.cpu_at(at);
      }
    }
  }
  const std::uint32_t found = scan_cache(thread, target, for_core);
  return found == nobody ? target : found;
}

std::uint32_t Dispatcher::State::LinuxBalance::cpu_for_woken(std::uint32_t thread,
                                                             WakeCause cause) {
  const std::uint32_t previous = state.threads[thread].cpu;
  std::uint32_t target = previous;
  if (cause.thread != nobody) {
    count_wakee(cause.thread, thread);
    const std::uint32_t here = state.threads[cause.thread].cpu;
    const bool may_come = state.os.balance.wake_affine && here != previous &&
                          state.threads[cause.thread].state == ThreadState::running &&
                          state.allowed(thread, here) && !wakes_many(cause.thread, thread, here);
    if (may_come && !far_apart(here, previous)) {
      target = affine_target(thread, cause.thread, cause.sync);
    }
  }
  return idle_near(thread, target);
}

bool Dispatcher::State::LinuxBalance::far_apart(std::uint32_t one, std::uint32_t other) const {
  const std::uint32_t position = state.map.position(other);
  for (const std::uint32_t domain : domains.of(state.map.position(one))) {
    if (domains.at(domain).contains(position)) {
      return domains.at(domain).far;
    }
  }
  return true;
}

}  // namespace timeslice::models
