// How long Linux's balancer leaves a CPU idle beside a waiting thread: never longer than its rules.
#include <algorithm>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "models/os/cpuset.hpp"
#include "models/trace_kinds.hpp"
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

/// What is drawn beside threads that may run anywhere.
struct Mix {
  bool affinities = false;
  bool groups = false;  // with CPUs of their own or without
  bool quota = false;   // of one of them
};

/// At least one CPU.
std::vector<CpuId> any_cpus(Dice& dice, std::uint32_t cpus) {
  const auto sure = static_cast<std::uint32_t>(dice.below(cpus));
  std::vector<CpuId> some;
  for (std::uint32_t cpu = 0; cpu < cpus; ++cpu) {
    if (cpu == sure || dice.below(2) == 0) {
      some.push_back(CpuId{cpu});
    }
  }
  return some;
}

/// Two groups side by side, a third one in the first.
std::vector<GroupSpec> any_groups(Dice& dice, std::uint32_t cpus, bool quota) {
  std::vector<GroupSpec> groups{{.name = "a", .parent = {}, .weight = 300},
                                {.name = "b", .parent = {}, .weight = 50},
                                {.name = "c", .parent = GroupId{1}}};
  if (dice.below(2) == 0) {
    groups[dice.below(2)].cpus = any_cpus(dice, cpus);
  }
  if (quota) {
    const std::chrono::milliseconds length{1 + static_cast<std::int64_t>(dice.below(5 * cpus))};
    groups[dice.below(3)].quota = CpuQuota{.quota = length, .period = 10ms};
  }
  return groups;
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

/// What a thread may use: its own mask within its group's CPUs.
struct Watched {
  ThreadId thread;
  GroupId group;
  std::vector<bool> allowed;  // by CPU
};

/// Watches in steps: since when has each thread waited without a break, each CPU idled, and each
/// group been free to run on each CPU.
class Watch {
 public:
  Watch(World& world, std::vector<Watched> threads)
      : world_{world},
        threads_{std::move(threads)},
        waits_since_(threads_.size()),
        used_before_(threads_.size()),
        idles_since_(world.dispatcher.cpus()),
        busy_before_(world.dispatcher.cpus()),
        free_since_((world.os.groups.size() + 1) * world.dispatcher.cpus()) {}

  /// For how long by now a CPU has idled beside a thread that it might run.
  sim::Duration longest() {
    look();
    sim::Duration longest{};
    for (std::size_t i = 0; i < threads_.size(); ++i) {
      if (waits_since_[i] == world_.now()) {
        continue;
      }
      const auto here = static_cast<std::uint32_t>(world_.dispatcher.cpu_of(id(i)));
      for (std::uint32_t cpu = 0; cpu < idles_since_.size(); ++cpu) {
        if (idles_since_[cpu] == world_.now() || !threads_[i].allowed[cpu]) {
          continue;
        }
        const sim::Duration since =
            std::max({waits_since_[i], idles_since_[cpu], free_since(threads_[i].group, here),
                      free_since(threads_[i].group, cpu)});
        longest = std::max(longest, world_.now() - since);
      }
    }
    return longest;
  }

 private:
  [[nodiscard]] ThreadId id(std::size_t i) const { return threads_[i].thread; }

  void look() {
    const sim::Duration now = world_.now();
    for (std::size_t i = 0; i < threads_.size(); ++i) {
      const Dispatcher& os = world_.dispatcher;
      const sim::Duration used = os.accounts(id(i)).cpu_time;
      const bool waits = !os.running(id(i)) && !os.blocked(id(i)) && !os.finished(id(i)) &&
                         used == used_before_[i];
      used_before_[i] = used;
      waits_since_[i] = waits ? waits_since_[i] : now;
    }
    for (std::uint32_t cpu = 0; cpu < idles_since_.size(); ++cpu) {
      const sim::Duration busy = world_.dispatcher.accounts(CpuId{cpu}).busy;
      idles_since_[cpu] = busy == busy_before_[cpu] ? idles_since_[cpu] : now;
      busy_before_[cpu] = busy;
    }
    for (; records_seen_ < world_.sink.records().size(); ++records_seen_) {
      const sim::TraceRecord& record = world_.sink.records()[records_seen_];
      if (record.kind == static_cast<std::uint16_t>(TraceKind::throttled)) {
        free_since_[place(GroupId{record.subject}, record.cpu)] = sim::Duration::max();
      } else if (record.kind == static_cast<std::uint16_t>(TraceKind::unthrottled)) {
        free_since_[place(GroupId{record.subject}, record.cpu)] = sim::Duration{record.time_ns};
      }
    }
  }

  [[nodiscard]] std::size_t place(GroupId group, std::uint32_t cpu) const {
    return static_cast<std::size_t>(group) * idles_since_.size() + cpu;
  }

  /// Since when no group around is throttled there; in the future: one is.
  [[nodiscard]] sim::Duration free_since(GroupId group, std::uint32_t cpu) const {
    sim::Duration since{};
    for (std::optional<GroupId> around = group; around.value_or(GroupId{}) != GroupId{};) {
      since = std::max(since, free_since_[place(*around, cpu)]);
      around = world_.os.groups[static_cast<std::uint32_t>(*around) - 1].parent;
    }
    return std::min(since, world_.now());
  }

  World& world_;
  std::vector<Watched> threads_;
  std::vector<sim::Duration> waits_since_;
  std::vector<sim::Duration> used_before_;
  std::vector<sim::Duration> idles_since_;
  std::vector<sim::Duration> busy_before_;
  std::vector<sim::Duration> free_since_;  // by group and CPU
  std::size_t records_seen_ = 0;
};

/// A random mix on a random machine.
std::vector<Watched> start_any(World& world, Dice& dice, std::uint64_t seed, const Mix& mix) {
  const auto cpus = static_cast<std::uint32_t>(world.machine.cpus.size());
  std::vector<Watched> threads;
  const std::size_t count = cpus + dice.below(5);
  for (std::size_t i = 0; i < count; ++i) {
    ThreadSpec spec;
    if (mix.groups) {
      spec.group = GroupId{static_cast<std::uint32_t>(dice.below(world.os.groups.size() + 1))};
    }
    const std::vector<CpuId> of_group = allowed_cpus(world.os, spec.group).value();
    if (mix.affinities && dice.below(3) == 0) {
      spec.affinity = common_cpus(any_cpus(dice, cpus), of_group);
    }
    const std::vector<CpuId>& allowed = spec.affinity.empty() ? of_group : spec.affinity;
    Watched watched{.thread = world.add(spec), .group = spec.group, .allowed = {}};
    watched.allowed.resize(cpus, allowed.empty());
    for (const CpuId cpu : allowed) {
      watched.allowed[static_cast<std::uint32_t>(cpu)] = true;
    }
    threads.push_back(watched);
    world.start(watched.thread, mixed(world, watched.thread, seed * 100 + i));
  }
  return threads;
}

/// The longest time that a CPU idled beside a thread that it might have run.
sim::Duration longest_in(std::uint64_t seed, const Mix& mix) {
  Dice dice{seed, 7};
  MachineSpec machine = any_machine(dice);
  OsSpec os = any_linux(dice);
  if (mix.groups) {
    os.groups = any_groups(dice, static_cast<std::uint32_t>(machine.cpus.size()), mix.quota);
  }
  World world{std::move(machine), std::move(os), seed};
  Watch watch{world, start_any(world, dice, seed, mix)};
  sim::Duration longest{};
  const auto width = static_cast<std::int64_t>(world.machine.cpus.size());
  const sim::Duration allowed = 5 * (2ms * width + world.os.tick);
  for (sim::Duration at = 500us; at < 400ms; at += 500us) {
    world.run_until(at);
    const sim::Duration now = watch.longest();
    EXPECT_LE(now, allowed) << "seed " << seed << " at " << at.count();
    if (now > allowed) {
      return now;
    }
    longest = std::max(longest, now);
  }
  return longest;
}

/// A tick's pass may come a few intervals late (of 2 ms for each CPU of the domain, doubled while
/// there is nothing to do), and a cache-hot thread needs two failures first.
void expect_short(const Mix& mix) {
  sim::Duration longest_of_all{};
  const std::uint64_t cases = timeslice::cases::random_cases(120);
  for (std::uint64_t seed = 1; seed <= cases; ++seed) {
    longest_of_all = std::max(longest_of_all, longest_in(seed, mix));
  }
  EXPECT_GT(longest_of_all, 2ms) << "Linux is not work-conserving";
}

TEST(IdleBesideWaiting, no_cpu_idles_beside_a_waiting_thread_for_longer_than_the_passes_take) {
  expect_short({});
}

TEST(IdleBesideWaiting, nor_with_threads_that_may_use_some_cpus_only) {
  expect_short({.affinities = true});
}

TEST(IdleBesideWaiting, nor_in_groups_with_cpus_of_their_own) {
  expect_short({.groups = true});
}

TEST(IdleBesideWaiting, nor_in_groups_with_quotas_while_they_have_time) {
  expect_short({.affinities = true, .groups = true, .quota = true});
}

/// The busiest CPU has nothing but bound threads: a pass goes on to the next one.
TEST(IdleBesideWaiting, a_cpu_whose_threads_are_all_bound_hides_no_other) {
  OsSpec os = quiet_os(PolicyKind::fair, 700us);
  os.tick = 4ms;
  os.balance = {.kind = BalanceKind::linux_domains, .newidle_success = 0.0};
  World world{small_machine(3), os};
  const auto hog = [&world](std::vector<CpuId> cpus, sim::Duration length) {
    const ThreadId thread = world.add({.affinity = std::move(cpus)});
    world.start(thread, os_bench::compute(world, thread, length));
    return thread;
  };
  for (int i = 0; i < 3; ++i) {
    hog({CpuId{0}}, 10ms);
    hog({CpuId{1}}, 10s);
  }
  hog({CpuId{2}}, 10s);
  const ThreadId free = hog({CpuId{0}, CpuId{2}}, 10s);
  world.run_until(29ms);
  ASSERT_EQ(world.dispatcher.cpu_of(free), CpuId{2});
  world.run_until(30ms + 5 * (6ms + os.tick));
  EXPECT_EQ(world.dispatcher.cpu_of(free), CpuId{0});
}

}  // namespace
}  // namespace timeslice::models
