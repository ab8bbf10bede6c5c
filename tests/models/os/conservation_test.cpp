// What holds in every simulated system: random programs on random small machines, by seed.
#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "models/os/inheritance.hpp"
#include "models/os/mutex.hpp"
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

struct Scenario {
  MachineSpec machine;
  OsSpec os;
  bool free_of_cost = false;
  bool with_classes = false;
  std::string description;
};

Scenario scenario(std::uint64_t seed) {
  Dice dice{seed, 99};
  const auto cores = static_cast<std::uint32_t>(1 + dice.below(4));
  const auto siblings = static_cast<std::uint32_t>(1 + dice.below(2));
  // From sjf on they order threads, which leaves no room for groups.
  const std::array kinds{PolicyKind::fifo, PolicyKind::round_robin, PolicyKind::fair,
                         PolicyKind::cfs,  PolicyKind::lottery,     PolicyKind::stride,
                         PolicyKind::sjf,  PolicyKind::srtf,        PolicyKind::priority,
                         PolicyKind::mlfq, PolicyKind::edf,         PolicyKind::rm};
  // Half of them Linux's: eevdf and cfs.
  const auto kind =
      static_cast<std::size_t>(dice.below(2) == 0 ? 2 + dice.below(2) : dice.below(kinds.size()));
  Scenario made{.machine = small_machine(cores, siblings),
                .os = quiet_os(kinds[kind], 300us + dice.up_to(3ms)),
                .free_of_cost = dice.below(2) == 0,
                .description = {}};
  made.os.policy.age = static_cast<std::int64_t>(dice.below(2)) * 400us;
  made.os.policy.boost = static_cast<std::int64_t>(dice.below(2)) * 5ms;
  if (!made.free_of_cost) {
    made.machine.costs = OsCosts{};
    made.os.timer_slack = 50us;
  }
  if (dice.below(3) == 0) {
    made.os.policy.scope = QueueScope::shared;
  } else if (kind < 6 && dice.below(3) == 0) {
    made.os.groups = {{.name = "a", .parent = {}, .weight = 100},
                      {.name = "b", .parent = GroupId{1}, .weight = 300}};
    for (GroupSpec& group : made.os.groups) {
      if (dice.below(2) == 0) {
        group.quota = CpuQuota{.quota = 1ms + dice.up_to(4ms), .period = 2ms + dice.up_to(8ms)};
      }
    }
  }
  if (dice.below(2) == 0) {
    made.os.tick = 1ms;
    made.os.random_tick_phase = true;
  }
  if (dice.below(2) == 0) {
    made.os.balance = {.kind = BalanceKind::measured,
                       .move_on_wake = 0.1,
                       .pull_when_idle = 0.2,
                       .pull_when_idle_hot = 0.04,
                       .pull_at_tick = 0.35};
  } else if (made.os.tick > sim::Duration::zero()) {
    constexpr std::array gates{NewidleGate::cost, NewidleGate::rising_cost,
                               NewidleGate::proportional};
    made.os.balance = {.kind = BalanceKind::linux_domains,
                       .newidle_gate = gates[dice.below(3)],
                       .newidle_success = static_cast<double>(dice.below(10)) / 10.0};
  }
  constexpr std::array protections{Protection::none, Protection::deadline, Protection::min_slice,
                                   Protection::unscaled};
  constexpr std::array preemptions{KernelPreemption::none, KernelPreemption::voluntary,
                                   KernelPreemption::full, KernelPreemption::lazy};
  constexpr std::array limits{RealTimeSpec::Limit::none, RealTimeSpec::Limit::throttle,
                              RealTimeSpec::Limit::fair_server};
  made.os.policy.protect = protections[dice.below(4)];
  made.os.policy.delayed_dequeue = dice.below(2) == 0;
  made.os.policy.next_buddy = dice.below(2) == 0;
  made.os.preemption = preemptions[dice.below(4)];
  made.os.real_time.limit = limits[dice.below(3)];
  const bool linux_policy = kinds[kind] == PolicyKind::eevdf || kinds[kind] == PolicyKind::cfs;
  if (linux_policy && !made.os.groups.empty()) {
    made.os.groups[1].idle = dice.below(3) == 0;
  }
  made.with_classes =
      linux_policy && made.os.policy.scope == QueueScope::per_cpu && dice.below(2) == 0;
  if (dice.below(4) == 0) {
    made.machine.interruptions = {
        .every = 500us, .length = {.kind = DistributionKind::constant, .first_ns = 20'000.0}};
  }
  made.machine.speed_over_time.resize(cores * siblings);
  for (std::size_t i = 0; i < 20; ++i) {
    auto& timeline = made.machine.speed_over_time[i % made.machine.speed_over_time.size()];
    const double factor = 0.5 + static_cast<double>(dice.below(100)) / 100.0;
    timeline.push_back(
        {.from = sim::Instant{static_cast<std::int64_t>(i) * 1ms}, .factor = factor});
  }
  made.description = "seed " + std::to_string(seed) + ": " + std::to_string(cores) + " x " +
                     std::to_string(siblings) + " CPUs, policy " + std::to_string(kind);
  return made;
}

struct Demand {
  double nominal_ns = 0.0;
  bool done = false;
};

ClassSpec any_class(Dice& dice) {
  const auto priority = static_cast<std::uint8_t>(1 + dice.below(5));
  switch (dice.below(8)) {
    case 0:
      return {.kind = SchedulingClass::batch};
    case 1:
      return {.kind = SchedulingClass::idle};
    case 2:
      return {.kind = SchedulingClass::fifo, .priority = priority};
    case 3:
      return {.kind = SchedulingClass::round_robin, .priority = priority};
    case 4:
      return {.kind = SchedulingClass::deadline,
              .runtime = 500us + dice.up_to(1ms),
              .deadline = 4ms,
              .period = 4ms + dice.up_to(4ms)};
    default:
      return {};
  }
}

/// A random mixture of everything that a program can do.
Program anything(World& world, ThreadId thread, Mutex& mutex, std::uint64_t seed, Demand& demand) {
  Dice dice{seed, 99};
  const auto steps = 5 + dice.below(20);
  for (std::uint64_t i = 0; i < steps; ++i) {
    const auto what = dice.below(8);
    const sim::Duration length = dice.up_to(2ms);
    const auto nominal = static_cast<double>(length.count());
    if (what == 0) {
      static_cast<void>(co_await world.dispatcher.sleep(thread, length));
    } else if (what == 1) {
      co_await mutex.lock(thread);
      demand.nominal_ns += nominal;
      co_await world.work(thread, length);
      co_await mutex.unlock(thread);
    } else if (what == 2) {
      const Work work{.kind = WorkKind::python, .nominal_ns = nominal};
      const double left = co_await world.dispatcher.run_interruptible(thread, work, 5000.0);
      demand.nominal_ns += nominal - left;
    } else if (what == 3) {
      co_await world.dispatcher.yield(thread);
    } else if (what == 7) {
      world.dispatcher.set_nice(thread, static_cast<int>(dice.below(40)) - 20);
    } else if (what == 6) {
      world.dispatcher.begin_job(thread, {.length = length,
                                          .released = {},
                                          .deadline = world.engine.now() + length,
                                          .period = length,
                                          .priority = static_cast<std::int32_t>(i)});
    } else {
      demand.nominal_ns += nominal;
      co_await world.work(thread, length, what == 4 ? WorkKind::kernel : WorkKind::native);
    }
    const auto other = static_cast<std::uint32_t>(dice.below(world.dispatcher.threads()));
    world.dispatcher.interrupt(ThreadId{other});
  }
  demand.done = true;
}

/// Replays the trace: a CPU has one thread at a time and a thread one CPU.
void check_exclusive(const World& world) {
  std::map<std::uint32_t, std::uint16_t> on;   // thread -> CPU
  std::map<std::uint16_t, std::uint32_t> who;  // CPU -> thread
  for (const sim::TraceRecord& record : world.sink.records()) {
    if (record.kind == static_cast<std::uint16_t>(TraceKind::switch_in)) {
      ASSERT_TRUE(on.emplace(record.subject, record.cpu).second) << "on two CPUs";
      ASSERT_TRUE(who.emplace(record.cpu, record.subject).second) << "two threads on a CPU";
    } else if (record.kind == static_cast<std::uint16_t>(TraceKind::switch_out)) {
      ASSERT_EQ(on.at(record.subject), record.cpu);
      on.erase(record.subject);
      who.erase(record.cpu);
    }
  }
  EXPECT_TRUE(on.empty());
}

void check_accounts(World& world, const std::vector<ThreadId>& threads,
                    const std::vector<Demand>& demands) {
  sim::Duration used{};
  double work = 0.0;
  for (std::size_t i = 0; i < threads.size(); ++i) {
    const ThreadAccounts accounts = world.dispatcher.accounts(threads[i]);
    EXPECT_TRUE(demands[i].done && world.dispatcher.finished(threads[i])) << "thread " << i;
    EXPECT_NEAR(accounts.nominal_done_ns, demands[i].nominal_ns,
                200'000.0 + 1e-6 * demands[i].nominal_ns)
        << "kernel calls of the mutex apart";
    EXPECT_GE(accounts.nominal_done_ns, demands[i].nominal_ns - 1e-3);
    used += accounts.cpu_time;
    work += demands[i].nominal_ns;
  }
  sim::Duration busy{};
  for (std::uint32_t cpu = 0; cpu < world.dispatcher.cpus(); ++cpu) {
    const CpuAccounts accounts = world.dispatcher.accounts(CpuId{cpu});
    busy += accounts.busy;
    EXPECT_LE(accounts.busy, world.now());
    EXPECT_LE(accounts.switching + accounts.beside_sibling, 2 * accounts.busy);
    EXPECT_LE(accounts.with_queue, accounts.busy);
  }
  EXPECT_EQ(used, busy) << "CPU time given = CPU time used";
  const double speed_max = 1.5;
  const double least = work / speed_max / static_cast<double>(world.dispatcher.cpus());
  EXPECT_GE(static_cast<double>(world.now().count()) + 1.0, least) << "makespan >= work / cores";
}

TEST(Conservation, holds_in_random_scenarios) {
  const std::uint64_t cases = timeslice::cases::random_cases(1000);
  for (std::uint64_t seed = 1; seed <= cases; ++seed) {
    const Scenario made = scenario(seed);
    SCOPED_TRACE(made.description);
    World world{made.machine, made.os, seed};
    Inheritance inheritance{world.dispatcher};
    Dice dice{seed + 1'000'000, 99};
    Mutex mutex{world.dispatcher, 1, dice.below(2) == 0 ? &inheritance : nullptr};
    const auto count = 1 + dice.below(12);
    std::vector<Demand> demands(count);
    std::vector<ThreadId> threads;
    for (std::uint64_t i = 0; i < count; ++i) {
      ThreadSpec spec;
      spec.nice = static_cast<int>(dice.below(10)) - 5;
      if (!made.os.groups.empty()) {
        spec.group = GroupId{static_cast<std::uint32_t>(dice.below(3))};
      }
      if (dice.below(4) == 0) {
        spec.affinity = {CpuId{static_cast<std::uint32_t>(dice.below(world.dispatcher.cpus()))}};
      }
      if (made.with_classes) {
        spec.sched = any_class(dice);
      }
      threads.push_back(world.add(spec));
    }
    const sim::Duration late = 1ms;
    for (std::uint64_t i = 0; i < count; ++i) {
      if (i == count / 2) {
        world.run_until(late);
      }
      world.start(threads[i], anything(world, threads[i], mutex, seed * 100 + i, demands[i]));
    }
    ASSERT_EQ(world.run(), sim::StopReason::drained);
    check_accounts(world, threads, demands);
    check_exclusive(world);
  }
}

TEST(Conservation, the_life_of_a_thread_is_running_ready_and_blocked_time) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Scenario made = scenario(seed);
    SCOPED_TRACE(made.description);
    World world{made.machine, made.os, seed};
    Mutex mutex{world.dispatcher, 1};
    std::vector<Demand> demands(6);
    std::vector<ThreadId> threads;
    for (std::uint64_t i = 0; i < 6; ++i) {
      threads.push_back(world.add());
      world.start(threads[i], anything(world, threads[i], mutex, seed * 7 + i, demands[i]));
    }
    for (sim::Duration at = 100us; at < 3ms; at += 100us) {
      world.run_until(at);
      for (const ThreadId thread : threads) {
        if (!world.dispatcher.finished(thread)) {
          const ThreadAccounts accounts = world.dispatcher.accounts(thread);
          EXPECT_EQ(accounts.cpu_time + accounts.ready_time + accounts.blocked_time, world.now());
        }
      }
    }
  }
}

TEST(Conservation, looking_at_accounts_changes_nothing) {
  std::array<std::uint64_t, 2> digests{};
  for (const bool looks : {false, true}) {
    const Scenario made = scenario(3);
    World world{made.machine, made.os, 3};
    Mutex mutex{world.dispatcher, 1};
    std::vector<Demand> demands(8);
    std::vector<ThreadId> threads;
    for (std::uint64_t i = 0; i < 8; ++i) {
      threads.push_back(world.add());
      world.start(threads[i], anything(world, threads[i], mutex, i, demands[i]));
    }
    for (sim::Duration at = 100us; at < 5ms; at += 37us) {
      world.run_until(at);
      for (std::size_t i = 0; looks && i < threads.size(); ++i) {
        EXPECT_GE(world.dispatcher.accounts(threads[i]).cpu_time, 0ns);
      }
    }
    world.run();
    digests[looks ? 1 : 0] = world.trace.digest();
  }
  EXPECT_EQ(digests[0], digests[1]);
}

TEST(Conservation, the_same_seed_gives_the_same_trace) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    std::array<std::uint64_t, 2> digests{};
    for (std::uint64_t& digest : digests) {
      const Scenario made = scenario(seed);
      World world{made.machine, made.os, seed};
      Mutex mutex{world.dispatcher, 1};
      std::vector<Demand> demands(5);
      for (std::uint64_t i = 0; i < 5; ++i) {
        const ThreadId thread = world.add();
        world.start(thread, anything(world, thread, mutex, seed + i, demands[i]));
      }
      world.run();
      digest = world.trace.digest();
    }
    EXPECT_EQ(digests[0], digests[1]);
  }
}

Program bursts(World& world, ThreadId thread, std::uint64_t seed) {
  Dice dice{seed, 99};
  for (int i = 0; i < 30; ++i) {
    co_await world.work(thread, 1us + dice.up_to(2ms));
    static_cast<void>(co_await world.dispatcher.sleep(thread, dice.up_to(1ms)));
  }
}

/// Steps through the run: at no instant is a CPU idle while a thread is ready.
TEST(Conservation, the_default_balancer_leaves_no_cpu_idle_while_somebody_waits) {
  for (const QueueScope scope : {QueueScope::per_cpu, QueueScope::shared}) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
      OsSpec os = quiet_os(seed % 2 == 0 ? PolicyKind::fair : PolicyKind::round_robin, 500us);
      os.policy.scope = scope;
      World world{small_machine(3), os, seed};
      std::vector<ThreadId> threads;
      for (std::uint64_t i = 0; i < 6; ++i) {
        threads.push_back(world.add());
        world.start(threads.back(), bursts(world, threads.back(), seed * 31 + i));
      }
      sim::Duration waited{};
      for (sim::Duration at = 11us; at < 60ms; at += 11us) {
        world.run_until(at);
        std::size_t running = 0;
        std::size_t able = 0;
        for (const ThreadId thread : threads) {
          const bool runs = world.dispatcher.running(thread);
          running += runs ? 1U : 0U;
          const bool away = world.dispatcher.blocked(thread) || world.dispatcher.finished(thread);
          able += away ? 0U : 1U;
          waited += runs || away ? 0us : 1us;
        }
        ASSERT_EQ(running, std::min<std::size_t>(able, 3))
            << "at " << at.count() << " seed " << seed;
      }
      EXPECT_GT(waited, 0us) << "the test has cases in which somebody waits";
    }
  }
}

}  // namespace
}  // namespace timeslice::models
