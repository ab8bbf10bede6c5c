// How long Linux's balancer leaves a CPU idle beside a waiting thread: never longer than its rules.
#include <algorithm>
#include <map>
#include <vector>

#include <gtest/gtest.h>

#include "tests/dice.hpp"
#include "tests/models/os/os_bench.hpp"
#include "tests/random_cases.hpp"

namespace timeslice::models {
namespace {

using namespace std::chrono_literals;
using cases::Dice;
using os_bench::quiet_os;
using os_bench::small_machine;
using os_bench::World;

/// Draws in order.
/// One cache or two, with or without siblings; a tick of 4 ms or 1 ms.
MachineSpec any_machine(Dice& dice) {
  const auto cores = static_cast<std::uint32_t>(2 + dice.below(7));
  MachineSpec machine = small_machine(cores, static_cast<std::uint32_t>(1 + dice.below(2)));
  if (dice.below(2) == 0) {
    for (std::uint32_t core = cores / 2; core < cores; ++core) {
      machine.cores[core].llc = 1;
    }
  }
  return machine;
}

OsSpec any_linux(Dice& dice) {
  OsSpec os = quiet_os(PolicyKind::fair, 700us);
  os.tick = dice.below(2) == 0 ? 4ms : 1ms;
  os.random_tick_phase = true;
  os.balance = {.kind = BalanceKind::linux_domains,
                .newidle_gate = static_cast<NewidleGate>(dice.below(3)),
                .newidle_success = static_cast<double>(dice.below(10)) / 10.0,
                .wake_affine = dice.below(2) == 0,
                .scan_limit = dice.below(2) == 0};
  return os;
}

Program mixed(World& world, ThreadId thread, std::uint64_t seed) {
  Dice dice{seed, 7};
  const bool hog = dice.below(2) == 0;
  for (int i = 0; i < 200; ++i) {
    const std::uint64_t most = hog ? 80'000 : 3'000;
    const std::chrono::microseconds length{1 + static_cast<std::int64_t>(dice.below(most))};
    co_await world.work(thread, length);
    if (!hog || dice.below(3) == 0) {
      const std::chrono::microseconds nap{static_cast<std::int64_t>(dice.below(10'000))};
      static_cast<void>(co_await world.dispatcher.sleep(thread, nap));
    }
  }
}

/// Watches in steps: since when has each thread waited without a break, and each CPU idled.
struct Watch {
  World& world;
  std::vector<ThreadId> threads;
  std::vector<sim::Duration> waits_since{};
  std::vector<sim::Duration> idles_since{};
  std::vector<sim::Duration> busy_before{};
  std::vector<sim::Duration> used_before{};

  sim::Duration longest_beside(sim::Duration now) {
    const std::uint32_t cpus = world.dispatcher.cpus();
    waits_since.resize(threads.size(), now);
    used_before.resize(threads.size());
    idles_since.resize(cpus, now);
    busy_before.resize(cpus);
    sim::Duration waited{};
    sim::Duration idled{};
    for (std::size_t i = 0; i < threads.size(); ++i) {
      const ThreadId thread = threads[i];
      const sim::Duration used = world.dispatcher.accounts(thread).cpu_time;
      const bool waits = !world.dispatcher.running(thread) && !world.dispatcher.blocked(thread) &&
                         !world.dispatcher.finished(thread) && used == used_before[i];
      used_before[i] = used;
      waits_since[i] = waits ? waits_since[i] : now;
      waited = std::max(waited, now - waits_since[i]);
    }
    for (std::uint32_t cpu = 0; cpu < cpus; ++cpu) {
      const sim::Duration busy = world.dispatcher.accounts(CpuId{cpu}).busy;
      idles_since[cpu] = busy == busy_before[cpu] ? idles_since[cpu] : now;
      busy_before[cpu] = busy;
      idled = std::max(idled, now - idles_since[cpu]);
    }
    return std::min(waited, idled);
  }
};

/// A tick's pass may come a few intervals late (of 2 ms for each CPU of the domain, doubled while
/// there is nothing to do), and a cache-hot thread needs two failures first.
TEST(IdleBesideWaiting, no_cpu_idles_beside_a_waiting_thread_for_longer_than_the_passes_take) {
  sim::Duration longest_of_all{};
  const std::uint64_t cases = timeslice::cases::random_cases(120);
  for (std::uint64_t seed = 1; seed <= cases; ++seed) {
    Dice dice{seed, 7};
    World world{any_machine(dice), any_linux(dice), seed};
    const std::size_t count = world.machine.cpus.size() + dice.below(5);
    Watch watch{.world = world, .threads = {}};
    for (std::size_t i = 0; i < count; ++i) {
      watch.threads.push_back(world.add());
      world.start(watch.threads.back(), mixed(world, watch.threads.back(), seed * 100 + i));
    }
    const auto width = static_cast<std::int64_t>(world.machine.cpus.size());
    const sim::Duration allowed = 5 * (2ms * width + world.os.tick);
    for (sim::Duration at = 500us; at < 400ms; at += 500us) {
      world.run_until(at);
      const sim::Duration longest = watch.longest_beside(at);
      longest_of_all = std::max(longest_of_all, longest);
      ASSERT_LE(longest, allowed) << "seed " << seed << " at " << at.count();
    }
  }
  EXPECT_GT(longest_of_all, 2ms) << "Linux is not work-conserving";
}

}  // namespace
}  // namespace timeslice::models
