// Where threads go, and how loads even out.
#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include "models/os/cpu_bitmap.hpp"
#include "models/os/cpu_map.hpp"
#include "models/os/idle_cpus.hpp"
#include "models/os/load_tree.hpp"
#include "sim/random.hpp"
#include "tests/models/os/os_bench.hpp"

namespace timeslice::models {
namespace {

using namespace std::chrono_literals;
using os_bench::compute;
using os_bench::quiet_os;
using os_bench::small_machine;
using os_bench::World;

/// 2 packages of 2 caches of 2 cores of 2 CPUs; siblings are 8 apart.
MachineSpec two_packages() {
  MachineSpec machine = small_machine(8, 2);
  machine.packages = 2;
  for (std::uint32_t core = 0; core < 8; ++core) {
    machine.cores[core] = {.package = core / 4, .kind = 0, .node = core / 4, .llc = core / 2};
  }
  machine.nodes.resize(2);
  return machine;
}

TEST(CpuBitmap, finds_the_next_member_as_a_plain_search_does) {
  for (const std::uint32_t size : {1U, 63U, 64U, 65U, 5000U, 70'000U}) {
    CpuBitmap bitmap{size};
    std::vector<bool> plain(size);
    const sim::Random random{size};
    for (std::uint32_t step = 0; step < 2000; ++step) {
      const auto member = static_cast<std::uint32_t>(random.below({.step = step}, size));
      if (plain[member]) {
        bitmap.erase(member);
      } else {
        bitmap.insert(member);
      }
      plain[member] = !plain[member];
      const auto from = static_cast<std::uint32_t>(random.below({.item = 1, .step = step}, size));
      std::uint32_t expected = from;
      while (expected < size && !plain[expected]) {
        ++expected;
      }
      ASSERT_EQ(bitmap.next(from), expected < size ? expected : CpuBitmap::none);
      ASSERT_EQ(bitmap.contains(member), plain[member]);
    }
  }
}

TEST(LoadTree, knows_the_extremes_as_a_plain_search_does) {
  LoadTree tree{13};
  std::vector<CpuLoad> plain(13);
  const sim::Random random{5};
  for (std::uint32_t step = 0; step < 5000; ++step) {
    const auto cpu = static_cast<std::uint32_t>(random.below({.step = step}, 13));
    plain[cpu] = {
        .threads = static_cast<std::uint32_t>(random.below({.item = 1, .step = step}, 6)),
        .movable = static_cast<std::uint32_t>(random.below({.item = 2, .step = step}, 4))};
    tree.set(cpu, plain[cpu]);
    const auto least = std::ranges::min_element(plain, {}, &CpuLoad::threads);
    const auto longest = std::ranges::max_element(plain, {}, &CpuLoad::movable);
    ASSERT_EQ(tree.least_loaded(), static_cast<std::uint32_t>(least - plain.begin()));
    ASSERT_EQ(tree.longest_queue(), static_cast<std::uint32_t>(longest - plain.begin()));
  }
}

TEST(CpuMap, puts_siblings_side_by_side) {
  const MachineSpec machine = two_packages();
  const CpuMap map{machine};
  EXPECT_EQ(map.cpu_at(0), 0U);
  EXPECT_EQ(map.cpu_at(1), 8U) << "the sibling of CPU 0";
  EXPECT_EQ(map.core(map.position(8)).begin, map.position(0));
  EXPECT_EQ(map.llc(map.position(1)).size(), 4U);
  EXPECT_EQ(map.package(map.position(4)).begin, 8U);
  EXPECT_EQ(map.core_size_max(), 2U);
}

TEST(IdleCpus, prefers_near_ones_and_idle_cores) {
  const MachineSpec machine = two_packages();
  const CpuMap map{machine};
  IdleCpus idle{map};
  idle.erase(0);
  EXPECT_EQ(idle.nearest(0), 1U) << "the idle core of the same cache before the idle sibling";
  idle.erase(1);
  EXPECT_EQ(idle.nearest(0), 8U) << "a sibling in the same cache before another cache";
  idle.erase(8);
  idle.erase(9);
  EXPECT_EQ(idle.nearest(0), 2U) << "then the other cache of the package";
  EXPECT_EQ(idle.emptiest(), 4U) << "a new thread goes to the emptier package";
  const std::vector<CpuId> allowed{CpuId{0}, CpuId{15}, CpuId{11}};
  EXPECT_EQ(idle.nearest_of(0, allowed), 11U);
}

TEST(Balance, new_threads_spread_over_packages_and_cores) {
  World world{two_packages(), quiet_os(PolicyKind::fair, 1ms)};
  std::vector<std::uint32_t> used;
  for (int i = 0; i < 8; ++i) {
    const ThreadId thread = world.add();
    world.start(thread, compute(world, thread, 10ms));
    world.run_until(sim::Duration{i + 1});
    used.push_back(static_cast<std::uint32_t>(world.dispatcher.cpu_of(thread)));
  }
  EXPECT_EQ(used[0] / 4 == used[1] / 4, false) << "the second one goes to the other package";
  std::ranges::sort(used);
  EXPECT_EQ(used, (std::vector<std::uint32_t>{0, 1, 2, 3, 4, 5, 6, 7})) << "a core each";
}

TEST(Balance, an_idle_core_takes_a_thread_from_two_busy_siblings_at_a_tick) {
  OsSpec os = quiet_os(PolicyKind::fair, 1ms);
  os.tick = 4ms;
  World world{small_machine(2, 2), os};
  world.machine.smt_gain = 1.0;  // two siblings do the work of one
  const ThreadId alone = world.add({.affinity = {CpuId{1}}});
  world.start(alone, compute(world, alone, 1ms));
  const ThreadId held = world.add({.affinity = {CpuId{0}}});
  world.start(held, compute(world, held, 100ms));
  const ThreadId free = world.add();
  world.start(free, compute(world, free, 100ms));
  world.run_until(500us);
  EXPECT_TRUE(world.dispatcher.running(held) && world.dispatcher.running(free));
  world.run_until(20ms);
  EXPECT_EQ(world.dispatcher.cpu_of(held), CpuId{0}) << "pinned";
  EXPECT_NE(static_cast<std::uint32_t>(world.dispatcher.cpu_of(free)) % 2, 0U) << "the other core";
  world.run();
  EXPECT_LT(world.now(), sim::Duration{120ms}) << "200 ms if they had shared one core";
}

TEST(Balance, a_pinned_thread_stays_beside_its_busy_sibling) {
  OsSpec os = quiet_os(PolicyKind::fair, 1ms);
  os.tick = 4ms;
  World world{small_machine(2, 2), os};
  for (const std::uint32_t cpu : {0U, 2U}) {
    const ThreadId thread = world.add({.affinity = {CpuId{cpu}}});
    world.start(thread, compute(world, thread, 50ms));
  }
  world.run();
  EXPECT_EQ(world.dispatcher.accounts(ThreadId{0}).migrations +
                world.dispatcher.accounts(ThreadId{1}).migrations,
            0U);
}

TEST(Balance, new_threads_of_a_hybrid_machine_go_to_the_fast_cores_first) {
  MachineSpec machine = small_machine(4);
  machine.core_kinds = {{.name = "E", .speed = 0.5}, {.name = "P", .speed = 1.0}};
  for (std::uint32_t core = 0; core < 4; ++core) {
    machine.cores[core].kind = core < 2 ? 0 : 1;  // the slow ones have the lower numbers
  }
  World world{machine, quiet_os(PolicyKind::fair, 1ms)};
  std::vector<std::uint32_t> used;
  for (int i = 0; i < 4; ++i) {
    const ThreadId thread = world.add();
    world.start(thread, compute(world, thread, 10ms));
    world.run_until(sim::Duration{i + 1});
    used.push_back(static_cast<std::uint32_t>(world.dispatcher.cpu_of(thread)));
  }
  std::ranges::sort(used.begin(), used.begin() + 2);
  std::ranges::sort(used.begin() + 2, used.end());
  EXPECT_EQ(used, (std::vector<std::uint32_t>{2, 3, 0, 1}));
}

TEST(Balance, affinity_is_respected_everywhere) {
  for (const QueueScope scope : {QueueScope::per_cpu, QueueScope::shared}) {
    OsSpec os = quiet_os(PolicyKind::round_robin, 100us);
    os.policy.scope = scope;
    World world{small_machine(4), os};
    std::vector<ThreadId> bound;
    for (int i = 0; i < 3; ++i) {
      bound.push_back(world.add({.affinity = {CpuId{2}}}));
      world.start(bound.back(), compute(world, bound.back(), 1ms));
    }
    for (int i = 0; i < 4; ++i) {
      const ThreadId thread = world.add();
      world.start(thread, compute(world, thread, 1ms));
    }
    world.run();
    for (const sim::TraceRecord& record : world.sink.records()) {
      if (record.kind == 4 && record.subject < 3) {
        ASSERT_EQ(record.cpu, 2U);
      }
    }
    for (const ThreadId thread : bound) {
      EXPECT_TRUE(world.dispatcher.finished(thread));
      EXPECT_EQ(world.dispatcher.accounts(thread).migrations, 0U);
    }
    EXPECT_LE(world.now(), 5ms);
  }
}

Program sleep_then_work(World& world, ThreadId thread, sim::Duration nap, sim::Duration length) {
  co_await world.work(thread, 1us);
  static_cast<void>(co_await world.dispatcher.sleep(thread, nap));
  co_await world.work(thread, length);
}

/// A thread wakes up on CPU 0, which is busy, beside an idle CPU 1: the part of cases in which it
/// runs at once.
double moved_on_wake(double probability) {
  int moved = 0;
  constexpr int cases = 300;
  for (int seed = 0; seed < cases; ++seed) {
    OsSpec os = quiet_os(PolicyKind::fifo, 1ms);
    os.balance = {.kind = BalanceKind::measured,
                  .move_on_wake = probability,
                  .pull_when_idle = 0.0,
                  .pull_when_idle_hot = 0.0,
                  .pull_at_tick = 0.0};
    World world{small_machine(2), os, static_cast<std::uint64_t>(seed)};
    const ThreadId sleeper = world.add();
    world.start(sleeper, sleep_then_work(world, sleeper, 1ms, 1ms));
    world.run_until(500us);
    const ThreadId busy = world.add({.affinity = {CpuId{0}}});
    world.start(busy, compute(world, busy, 10ms));
    world.run();
    moved += world.dispatcher.accounts(sleeper).migrations > 0 ? 1 : 0;
  }
  return static_cast<double>(moved) / cases;
}

TEST(Balance, a_woken_thread_moves_with_the_given_probability) {
  EXPECT_EQ(moved_on_wake(0.0), 0.0);
  EXPECT_EQ(moved_on_wake(1.0), 1.0);
  EXPECT_NEAR(moved_on_wake(0.25), 0.25, 0.08);
}

/// Two threads start on one CPU beside an idle one: how long until the second one runs there.
sim::Duration first_tick_pull(double probability, std::uint64_t seed) {
  OsSpec os = quiet_os(PolicyKind::fifo, 1ms);
  os.tick = 4ms;
  os.balance = {.kind = BalanceKind::measured,
                .move_on_wake = 0.0,
                .pull_when_idle = 0.0,
                .pull_when_idle_hot = 0.0,
                .pull_at_tick = probability};
  World world{small_machine(2), os, seed};
  const ThreadId first = world.add();
  const ThreadId second = world.add();
  const ThreadId brief = world.add();
  world.start(first, compute(world, first, 1s));
  world.start(brief, compute(world, brief, 1ms));
  world.start(second, compute(world, second, 1ms));
  world.run_until(500ms);
  return world.dispatcher.accounts(second).ready_time;
}

TEST(Balance, an_idle_cpu_takes_a_waiting_thread_at_a_tick) {
  EXPECT_EQ(first_tick_pull(1.0, 1), 4ms);
  EXPECT_EQ(first_tick_pull(0.0, 1), 500ms);
  double mean_ms = 0.0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    mean_ms += std::chrono::duration<double, std::milli>(first_tick_pull(0.5, seed)).count() / 200;
  }
  EXPECT_NEAR(mean_ms, 8.0, 1.5) << "geometric: 4 ms / 0.5";
}

TEST(Balance, three_threads_on_two_cpus_share_evenly_over_seconds_but_not_over_100_ms) {
  OsSpec os;  // fair, tick 4 ms
  os.balance = {.kind = BalanceKind::measured};
  os.timer_slack = 0ns;
  World world{small_machine(2), os, 11};
  std::vector<ThreadId> threads;
  for (int i = 0; i < 3; ++i) {
    threads.push_back(world.add());
    world.start(threads.back(), compute(world, threads.back(), 1000s));
  }
  const auto shares_at = [&](sim::Duration when) {
    world.run_until(when);
    std::vector<double> shares;
    for (const ThreadId thread : threads) {
      shares.push_back(static_cast<double>(world.dispatcher.accounts(thread).cpu_time.count()) /
                       static_cast<double>(when.count()));
    }
    return shares;
  };
  const auto early = shares_at(50ms);
  EXPECT_GT(std::ranges::max(early) - std::ranges::min(early), 0.4) << "one has a CPU to itself";
  const auto late = shares_at(20s);
  for (const double share : late) {
    EXPECT_NEAR(share, 2.0 / 3.0, 0.06);
  }
  std::uint64_t migrations = 0;
  for (const ThreadId thread : threads) {
    migrations += world.dispatcher.accounts(thread).migrations;
  }
  EXPECT_GT(migrations, 90U) << "20 s at a mean of 112 ms";
  EXPECT_LT(migrations, 270U);
}

TEST(Balance, a_machine_of_65536_cpus_costs_no_more_an_event) {
  World world{small_machine(32'768, 2), quiet_os(PolicyKind::fair, 1ms)};
  std::vector<ThreadId> threads;
  for (int i = 0; i < 200; ++i) {
    threads.push_back(world.add());
    world.start(threads.back(), sleep_then_work(world, threads.back(), 1ms, 1ms));
  }
  world.run();
  for (const ThreadId thread : threads) {
    EXPECT_TRUE(world.dispatcher.finished(thread));
  }
  EXPECT_EQ(world.now(), 2001us) << "each has a core of its own";
}

}  // namespace
}  // namespace timeslice::models
