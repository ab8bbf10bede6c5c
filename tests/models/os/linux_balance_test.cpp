// Linux's balancer: placement on wake-up and creation, searches, passes at ticks.
#include "models/os/linux_balance.hpp"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include "models/trace_kinds.hpp"
#include "tests/models/os/os_bench.hpp"

namespace timeslice::models {
namespace {

using namespace std::chrono_literals;
using os_bench::compute;
using os_bench::quiet_os;
using os_bench::small_machine;
using os_bench::World;

/// Fair scheduling with a tick of 4 ms and Linux's balancer; nothing costs anything.
OsSpec linux_os() {
  OsSpec os = quiet_os(PolicyKind::fair, 700us);
  os.policy.scale_by_cpus = true;
  os.policy.protect = Protection::unscaled;
  os.tick = 4ms;
  os.random_tick_phase = true;
  os.balance = {.kind = BalanceKind::linux_domains};
  return os;
}

MachineSpec two_packages(std::uint32_t siblings = 2) {
  MachineSpec machine = small_machine(8, siblings);
  machine.packages = 2;
  for (std::uint32_t core = 0; core < 8; ++core) {
    machine.cores[core] = {.package = core / 4, .kind = 0, .node = core / 4, .llc = core / 2};
  }
  machine.nodes.resize(2);
  return machine;
}

MachineSpec two_fast_two_slow() {
  MachineSpec machine = small_machine(4);
  machine.core_kinds = {{.name = "P", .speed = 1.0}, {.name = "E", .speed = 0.5}};
  machine.cores[2].kind = 1;
  machine.cores[3].kind = 1;
  return machine;
}

std::uint32_t cpu_of(const World& world, ThreadId thread) {
  return static_cast<std::uint32_t>(world.dispatcher.cpu_of(thread));
}

std::vector<std::int64_t> migrations_at(const World& world) {
  std::vector<std::int64_t> times;
  for (const sim::TraceRecord& record : world.sink.records()) {
    if (record.kind == static_cast<std::uint16_t>(TraceKind::migrated)) {
      times.push_back(record.time_ns);
    }
  }
  return times;
}

/// How often, and with which shares, on the machine that was measured: rotation_test.cpp.
TEST(LinuxBalance, three_equal_threads_on_two_cpus_take_turns_in_being_alone) {
  World world{small_machine(2), linux_os()};
  std::vector<ThreadId> threads;
  for (int i = 0; i < 3; ++i) {
    threads.push_back(world.add());
    world.start(threads.back(), compute(world, threads.back(), 1000s));
  }
  world.run_until(3s);
  EXPECT_GT(migrations_at(world).size(), 15U);
  EXPECT_EQ(world.dispatcher.idle_while_runnable(), 0ns);
}

TEST(LinuxBalance, new_threads_spread_over_packages_caches_and_cores) {
  World world{two_packages(), linux_os()};
  std::vector<std::uint32_t> cores;
  std::vector<std::uint32_t> caches;
  for (int i = 0; i < 8; ++i) {
    const ThreadId thread = world.add();
    world.start(thread, compute(world, thread, 1s));
    world.run_until(sim::Duration{1us * (i + 1)});
    cores.push_back(cpu_of(world, thread) % 8);
    caches.push_back(cpu_of(world, thread) % 8 / 2);
  }
  EXPECT_EQ(caches[0], 0U) << "everything is idle: it stays where main began";
  std::ranges::sort(cores);
  EXPECT_EQ(cores, (std::vector<std::uint32_t>{0, 1, 2, 3, 4, 5, 6, 7})) << "a core each";
}

Program run_and_exec(World& world, ThreadId thread) {
  co_await world.work(thread, 1ms);
  co_await world.dispatcher.exec(thread);
  co_await world.work(thread, 1ms);
}

/// A thread begins on CPU 0 beside `others` that are bound to it, while CPU 1 has `there` of its
/// own; where it is after it has become another program.
std::uint32_t cpu_after_exec(std::uint32_t others, std::uint32_t there, const ThreadSpec& spec) {
  OsSpec os = linux_os();
  os.random_tick_phase = false;  // the first tick comes later
  World world{small_machine(2), os};
  const ThreadId thread = world.add(spec);
  world.start(thread, run_and_exec(world, thread));
  for (std::uint32_t i = 0; i < others + there; ++i) {
    const ThreadId rival = world.add({.affinity = {CpuId{i < others ? 0U : 1U}}});
    world.start(rival, compute(world, rival, 1s));
  }
  while (world.dispatcher.accounts(thread).cpu_time < 1'010us) {
    world.run_until(world.now() + 10us);
  }
  return world.now() < 1'100us || others == 0 ? cpu_of(world, thread)
                                              : 0U;  // else by a pull, later
}

TEST(LinuxBalance, who_becomes_another_program_goes_to_an_idle_cpu_if_others_wait_for_its_own) {
  EXPECT_EQ(cpu_after_exec(1, 0, {}), 1U);
  EXPECT_EQ(cpu_after_exec(0, 0, {}), 0U) << "without itself its own CPU is as idle";
  EXPECT_EQ(cpu_after_exec(1, 1, {}), 0U) << "none is idle";
  EXPECT_EQ(cpu_after_exec(1, 0, {.affinity = {CpuId{0}}}), 0U);
  EXPECT_EQ(cpu_after_exec(1, 0, {.sched = {.kind = SchedulingClass::fifo, .priority = 1}}), 0U)
      << "real-time threads are placed at wake-ups only";
}

/// Two threads have shared CPU 0 for `lately`, a third had CPU 1: where the first one's child
/// starts.
std::uint32_t cpu_of_child(sim::Duration lately) {
  World world{small_machine(2), linux_os()};
  std::vector<ThreadId> bound;
  for (const std::uint32_t cpu : {0U, 1U, 0U}) {
    bound.push_back(world.add({.affinity = {CpuId{cpu}}}));
    world.start(bound.back(), compute(world, bound.back(), 1s));
  }
  world.run_until(lately);
  const ThreadId child = world.add();
  world.dispatcher.start(child, compute(world, child, 1s),
                         {.thread = static_cast<std::uint32_t>(bound.front())});
  world.run_until(lately + 1us);
  return cpu_of(world, child);
}

TEST(LinuxBalance, a_new_thread_leaves_its_creators_cpu_once_that_has_long_been_short_of_time) {
  EXPECT_EQ(cpu_of_child(2ms), 0U)
      << "both have spare time by what they did lately, neither is idle";
  EXPECT_EQ(cpu_of_child(22ms), 1U) << "too many waited there, though it did not run all the time";
  EXPECT_EQ(cpu_of_child(300ms), 1U);
}

TEST(LinuxBalance, a_few_threads_may_stay_on_their_memory_node) {
  World world{two_packages(1), linux_os()};
  std::vector<std::uint32_t> packages;
  for (int i = 0; i < 3; ++i) {
    const ThreadId thread = world.add();
    world.start(thread, compute(world, thread, 1s));
    world.run_until(sim::Duration{1us * (i + 1)});
    packages.push_back(cpu_of(world, thread) / 4);
  }
  EXPECT_EQ(packages[0], packages[1]) << "an imbalance of two CPUs is let be";
}

Program wake_once(World& world, ThreadId self, ThreadId other, bool sync) {
  co_await world.work(self, 200us);
  world.dispatcher.wake(other, {.thread = static_cast<std::uint32_t>(self), .sync = sync});
  co_await world.work(self, 5ms);
}

Program block_then_work(World& world, ThreadId self, sim::Duration length) {
  co_await world.work(self, 1us);
  co_await world.dispatcher.block(self, {});
  co_await world.work(self, length);
}

/// A thread last ran on `bound`'s CPU; it is woken by a thread on CPU `waker`, after `busy_for` of
/// heavy work on the whole cache. Where does it go?
std::uint32_t woken_to(const MachineSpec& machine, const OsSpec& os, std::uint32_t waker,
                       std::uint32_t busy_cpu, bool sync) {
  World world{machine, os};
  const ThreadId sleeper = world.add();
  world.start(sleeper, block_then_work(world, sleeper, 50us));
  world.run_until(10us);
  if (busy_cpu != waker) {
    const ThreadId hog = world.add({.affinity = {CpuId{busy_cpu}}});
    world.start(hog, compute(world, hog, 10ms));
  }
  const ThreadId other = world.add({.affinity = {CpuId{waker}}});
  world.start(other, wake_once(world, other, sleeper, sync));
  world.run_until(280us);
  return cpu_of(world, sleeper);
}

TEST(LinuxBalance, a_woken_thread_prefers_its_idle_cpu_then_one_of_its_cache) {
  const MachineSpec machine = two_packages(1);
  EXPECT_EQ(woken_to(machine, linux_os(), 1, 1, false), 0U) << "its own CPU is idle";
  EXPECT_EQ(woken_to(machine, linux_os(), 0, 0, false), 1U) << "the other CPU of the cache";
  EXPECT_EQ(woken_to(machine, linux_os(), 1, 0, false), 0U)
      << "both CPUs of the cache are busy: it never leaves the cache, though 6 CPUs are idle";
  EXPECT_EQ(woken_to(machine, linux_os(), 4, 0, true), 5U)
      << "a waker that will wait itself draws it to its own cache";
}

Program compute_then_sleep(World& world, ThreadId self, sim::Duration length) {
  co_await world.work(self, length);
  static_cast<void>(co_await world.dispatcher.sleep(self, 1s));
}

TEST(LinuxBalance, a_wake_up_looks_at_no_cpu_when_the_cache_was_busy_when_last_looked_at) {
  int moved = 0;
  int stayed = 0;
  for (const bool limit : {true, false}) {
    OsSpec os = linux_os();
    os.balance.scan_limit = limit;
    World world{small_machine(2), os};
    const ThreadId sleeper = world.add();
    world.start(sleeper, block_then_work(world, sleeper, 50us));
    world.run_until(10us);
    const ThreadId hog = world.add({.affinity = {CpuId{1}}});
    world.start(hog, compute_then_sleep(world, hog, 300ms));
    const ThreadId other = world.add({.affinity = {CpuId{0}}});
    world.start(other, compute(world, other, 400ms));
    world.run_until(300ms + 50us);
    world.dispatcher.wake(sleeper, {});
    world.run_until(300ms + 60us);
    const bool on_idle = cpu_of(world, sleeper) == 1 && world.dispatcher.running(sleeper);
    (limit ? stayed : moved) += (limit ? !on_idle : on_idle) ? 1 : 0;
  }
  EXPECT_EQ(stayed, 1) << "both CPUs have been busy for 300 ms: no scan";
  EXPECT_EQ(moved, 1) << "without the limit CPU 1, idle for 50 us, is found";
}

/// CPU 0 has two threads, CPU 1 runs dry: the time until one of the two runs there.
sim::Duration pulled_after(NewidleGate gate, double success, std::uint64_t seed) {
  OsSpec os = linux_os();
  os.balance.newidle_gate = gate;
  os.balance.newidle_success = success;
  World world{small_machine(2), os, seed};
  const ThreadId first = world.add();
  const ThreadId brief = world.add({.affinity = {CpuId{1}}});
  const ThreadId second = world.add();
  world.start(first, compute(world, first, 1s));
  world.run_until(1us);
  world.start(brief, compute(world, brief, 20100us));
  world.run_until(2us);
  world.start(second, compute(world, second, 1s));
  world.run_until(20101us);
  world.run_until(200ms);
  for (const std::int64_t at : migrations_at(world)) {
    if (at > 20'000'000) {
      return sim::Duration{at} - 20101us;
    }
  }
  return 1s;
}

TEST(LinuxBalance, a_cpu_that_runs_dry_searches_unless_its_gate_is_shut) {
  int at_once_by_cost = 0;
  int at_once_by_luck = 0;
  constexpr int cases = 40;
  for (std::uint64_t seed = 1; seed <= cases; ++seed) {
    at_once_by_cost += pulled_after(NewidleGate::cost, 0.5, seed) < 50us ? 1 : 0;
    const sim::Duration late = pulled_after(NewidleGate::proportional, 0.0, seed);
    at_once_by_luck += late < 50us ? 1 : 0;
    EXPECT_LE(late, 13ms) << "the tick's pass sees to it otherwise";
  }
  EXPECT_GT(at_once_by_cost, 25) << "but not while the waiting thread is cache-hot";
  EXPECT_LT(at_once_by_cost, cases);
  EXPECT_LT(at_once_by_luck, 3) << "1 of 1024 searches";
}

TEST(LinuxBalance, two_threads_on_one_core_part_when_a_core_is_idle) {
  World world{small_machine(2, 2), linux_os()};
  const ThreadId a = world.add({.affinity = {CpuId{0}, CpuId{1}}});
  world.start(a, compute(world, a, 1s));
  world.run_until(1us);
  const ThreadId other = world.add({.affinity = {CpuId{1}, CpuId{3}}});
  world.start(other, compute(world, other, 1ms));
  world.run_until(2us);
  const ThreadId b = world.add();
  world.start(b, compute(world, b, 1s));
  world.run_until(100ms);
  EXPECT_NE(cpu_of(world, a) % 2, cpu_of(world, b) % 2);
}

TEST(LinuxBalance, a_busy_thread_moves_up_to_an_idle_faster_cpu) {
  World world{two_fast_two_slow(), linux_os()};
  const ThreadId a = world.add();
  world.start(a, compute(world, a, 40ms));
  world.run_until(1us);
  const ThreadId b = world.add();
  world.start(b, compute(world, b, 40ms));
  world.run_until(2us);
  EXPECT_LT(cpu_of(world, a), 2U) << "new threads prefer fast CPUs";
  EXPECT_LT(cpu_of(world, b), 2U);
  const ThreadId c = world.add();
  world.start(c, compute(world, c, 1s));
  world.run_until(30ms);
  EXPECT_GE(cpu_of(world, c), 2U) << "both fast ones are taken";
  world.run_until(100ms);
  EXPECT_LT(cpu_of(world, c), 2U) << "misfit: it does not fit a slow CPU";
}

TEST(LinuxBalance, a_group_of_caches_evens_out_its_running_threads) {
  World world{two_packages(1), linux_os()};
  std::vector<ThreadId> threads;
  for (const std::uint32_t cpu : {0U, 1U, 2U, 3U}) {
    const ThreadId brief = world.add({.affinity = {CpuId{cpu + 4}}});
    world.start(brief, compute(world, brief, 1ms));
  }
  world.run_until(1us);
  for (int i = 0; i < 4; ++i) {
    threads.push_back(world.add());
    world.start(threads.back(), compute(world, threads.back(), 10s));
    world.run_until(sim::Duration{1us * (i + 2)});
  }
  world.run_until(5s);
  std::uint32_t in_first = 0;
  for (const ThreadId thread : threads) {
    in_first += cpu_of(world, thread) < 4 ? 1U : 0U;
  }
  EXPECT_GE(in_first, 2U);
  EXPECT_LE(in_first, 3U) << "at least one was pushed to the idle package";
}

}  // namespace
}  // namespace timeslice::models
