#include "models/os/dispatcher.hpp"

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

constexpr double us = 1000.0;  // nominal ns in one microsecond

TEST(Dispatcher, a_lone_thread_takes_as_long_as_its_work) {
  World world{small_machine(1), quiet_os(PolicyKind::fifo, 1ms)};
  const ThreadId thread = world.add({.name = "main"});
  world.start(thread, compute(world, thread, 5ms));
  EXPECT_EQ(world.run(), sim::StopReason::drained);
  EXPECT_EQ(world.now(), 5ms);
  EXPECT_TRUE(world.dispatcher.finished(thread));
  EXPECT_EQ(world.dispatcher.name(thread), "main");
  EXPECT_EQ(world.dispatcher.accounts(thread).cpu_time, 5ms);
  EXPECT_EQ(world.dispatcher.accounts(CpuId{0}).busy, 5ms);
}

TEST(Dispatcher, an_ideal_machine_shares_one_queue_and_keeps_order) {
  World world{small_machine(2), ideal_os()};
  std::vector<ThreadId> threads;
  for (int i = 0; i < 4; ++i) {
    threads.push_back(world.add());
    world.start(threads.back(), compute(world, threads.back(), 10ms));
  }
  world.run();
  EXPECT_EQ(world.now(), 20ms);
  for (const ThreadId thread : threads) {
    EXPECT_EQ(world.dispatcher.accounts(thread).cpu_time, 10ms);
  }
  EXPECT_EQ(world.dispatcher.accounts(threads[3]).ready_time, 10ms);
}

TEST(Dispatcher, round_robin_takes_turns_of_one_slice) {
  World world{small_machine(1), quiet_os(PolicyKind::round_robin, 1ms)};
  const ThreadId a = world.add();
  const ThreadId b = world.add();
  world.start(a, compute(world, a, 3ms));
  world.start(b, compute(world, b, 3ms));
  world.run_until(2500us);
  EXPECT_TRUE(world.dispatcher.running(a));
  EXPECT_EQ(world.dispatcher.accounts(a).cpu_time, 1500us);
  EXPECT_EQ(world.dispatcher.accounts(b).cpu_time, 1ms);
  EXPECT_EQ(world.dispatcher.accounts(b).ready_time, 1500us);
  world.run();
  EXPECT_EQ(world.now(), 6ms);
  EXPECT_EQ(world.dispatcher.accounts(a).switches_involuntary, 2U);
}

Program never_works(World& world, ThreadId thread) {
  while (true) {
    co_await world.work(thread, 0ns);
  }
}

Program yields_for_ever(World& world, ThreadId thread) {
  while (true) {
    co_await world.dispatcher.yield(thread);
  }
}

TEST(Dispatcher, endless_runs_of_no_work_meet_the_watchdog_not_the_end_of_the_stack) {
  for (const auto program : {never_works, yields_for_ever}) {
    World world{small_machine(1), ideal_os()};
    const ThreadId thread = world.add();
    world.start(thread, program(world, thread));
    sim::Limits limits;
    limits.events_at_one_instant = 1'000'000;
    EXPECT_EQ(world.run(limits), sim::StopReason::no_progress);
    EXPECT_EQ(world.now(), 0ms);
  }
}

Program many_empty_runs(World& world, ThreadId thread) {
  for (int i = 0; i < 1'000'000; ++i) {
    co_await world.work(thread, 0ns);
  }
  co_await world.work(thread, 1ms);
}

TEST(Dispatcher, a_million_runs_of_no_work_end) {
  World world{small_machine(1), ideal_os()};
  const ThreadId thread = world.add();
  world.start(thread, many_empty_runs(world, thread));
  world.run();
  EXPECT_EQ(world.now(), 1ms);
  EXPECT_TRUE(world.dispatcher.finished(thread));
}

Program block_once(World& world, ThreadId thread) {
  co_await world.dispatcher.block(thread, {.what = WaitFor::lock, .object = 3});
  co_await world.work(thread, 1ms);
}

TEST(Dispatcher, a_blocked_thread_uses_no_cpu_until_it_is_woken) {
  World world{small_machine(1), ideal_os()};
  const ThreadId thread = world.add();
  world.start(thread, block_once(world, thread));
  world.run();
  EXPECT_TRUE(world.dispatcher.blocked(thread));
  EXPECT_EQ(world.dispatcher.waiting_for(thread).object, 3U);
  EXPECT_TRUE(world.dispatcher.wake(thread, WakeCause{}));
  EXPECT_FALSE(world.dispatcher.wake(thread, WakeCause{})) << "it is awake already";
  world.run();
  EXPECT_TRUE(world.dispatcher.finished(thread));
}

Program wait_with_limit(World& world, ThreadId thread, sim::Duration limit, WakeResult& result) {
  result = co_await world.dispatcher.block_for(thread, limit, {.what = WaitFor::lock});
}

TEST(Dispatcher, a_timed_block_tells_what_ended_it) {
  World world{small_machine(1), ideal_os()};
  WakeResult first{};
  WakeResult second{};
  const ThreadId a = world.add();
  const ThreadId b = world.add();
  world.start(a, wait_with_limit(world, a, 2ms, first));
  world.start(b, wait_with_limit(world, b, 2ms, second));
  world.run_until(1ms);
  world.dispatcher.wake(a, WakeCause{});
  world.run();
  EXPECT_EQ(first, WakeResult::woken);
  EXPECT_EQ(second, WakeResult::timed_out);
  EXPECT_EQ(world.now(), 2ms);
}

Program interruptible(World& world, ThreadId thread, double& left) {
  const Work work{.kind = WorkKind::python, .nominal_ns = 1000 * us};
  left = co_await world.dispatcher.run_interruptible(thread, work, 100 * us);
}

TEST(Interrupt, ends_a_running_segment_at_its_next_poll_point) {
  World world{small_machine(1), ideal_os()};
  double left = -1.0;
  const ThreadId thread = world.add();
  world.start(thread, interruptible(world, thread, left));
  world.run_until(250us);
  world.dispatcher.interrupt(thread);
  world.run();
  EXPECT_EQ(world.now(), 300us);
  EXPECT_DOUBLE_EQ(left, 700 * us);
  EXPECT_DOUBLE_EQ(world.dispatcher.accounts(thread).nominal_done_ns, 300 * us);
}

TEST(Interrupt, is_seen_at_switch_in_by_a_thread_that_was_queued) {
  World world{small_machine(1), quiet_os(PolicyKind::round_robin, 250us)};
  double left = -1.0;
  const ThreadId holder = world.add();
  const ThreadId other = world.add();
  world.start(holder, interruptible(world, holder, left));
  world.start(other, compute(world, other, 10ms));
  world.run_until(300us);
  ASSERT_FALSE(world.dispatcher.running(holder));
  world.dispatcher.interrupt(holder);
  world.run_until(600us);
  EXPECT_DOUBLE_EQ(left, 700 * us) << "250 us before, 50 us after it was switched in";
}

Program work_then_interruptible(World& it, ThreadId self, double& rest) {
  co_await it.work(self, 1ms);
  const Work work{.kind = WorkKind::python, .nominal_ns = 1000 * us};
  rest = co_await it.dispatcher.run_interruptible(self, work, 100 * us);
}

TEST(Interrupt, is_forgotten_outside_an_interruptible_run) {
  World world{small_machine(1), ideal_os()};
  double left = -1.0;
  const ThreadId thread = world.add();
  world.dispatcher.interrupt(thread);
  world.start(thread, work_then_interruptible(world, thread, left));
  world.run_until(500us);
  world.dispatcher.interrupt(thread);
  world.run();
  EXPECT_EQ(left, 0.0);
  EXPECT_EQ(world.now(), 2ms);
}

TEST(Interrupt, at_the_last_poll_changes_nothing) {
  World world{small_machine(1), ideal_os()};
  double left = -1.0;
  const ThreadId thread = world.add();
  world.start(thread, interruptible(world, thread, left));
  world.run_until(950us);
  world.dispatcher.interrupt(thread);
  world.run();
  EXPECT_EQ(left, 0.0);
  EXPECT_EQ(world.now(), 1ms);
}

Program wake_in_kernel(World& world, ThreadId thread, std::vector<ThreadId> sleepers) {
  co_await world.work(thread, 5ms);
  for (const ThreadId sleeper : sleepers) {
    world.dispatcher.wake(sleeper, {.thread = static_cast<std::uint32_t>(thread)});
  }
  co_await world.work(thread, 100us, WorkKind::kernel);
  co_await world.work(thread, 5ms);
}

TEST(Preemption, a_waker_in_the_kernel_gives_way_at_the_end_of_its_call) {
  World world{small_machine(1), quiet_os(PolicyKind::fair, 3ms)};
  const ThreadId sleeper = world.add({.nice = -5});
  const ThreadId waker = world.add();
  world.start(sleeper, block_once(world, sleeper));
  world.start(waker, wake_in_kernel(world, waker, {sleeper}));
  world.run();
  bool preempted = false;
  for (const sim::TraceRecord& record : world.sink.records()) {
    if (record.kind == static_cast<std::uint16_t>(TraceKind::switch_out) && record.value == 1) {
      preempted = true;
      EXPECT_EQ(record.time_ns, 5'100'000);
      EXPECT_EQ(record.subject, static_cast<std::uint32_t>(waker));
    }
  }
  EXPECT_TRUE(preempted);
}

Program reads_its_clock(World& world, ThreadId thread, sim::Duration when) {
  co_await world.work(thread, when);
  world.dispatcher.update_run_time(thread);
  co_await world.work(thread, 20ms - when);
}

/// When the first of two threads of a CPU, which reads its clock after `when`, gives way.
sim::Duration gives_way_at(PolicyKind policy, sim::Duration when) {
  OsSpec os = quiet_os(policy, 3ms);
  os.tick = 4ms;
  os.random_tick_phase = false;
  World world{small_machine(1), os};
  const ThreadId reader = world.add();
  const ThreadId other = world.add();
  world.start(reader, reads_its_clock(world, reader, when));
  world.start(other, os_bench::compute(world, other, 20ms));
  world.run_until(11ms);
  for (const sim::TraceRecord& record : world.sink.records()) {
    if (record.kind == static_cast<std::uint16_t>(TraceKind::switch_out) &&
        record.subject == static_cast<std::uint32_t>(reader)) {
      return sim::Duration{record.time_ns};
    }
  }
  return {};
}

TEST(Preemption, reading_ones_clock_ends_a_used_up_slice_of_eevdf_before_the_tick) {
  EXPECT_EQ(gives_way_at(PolicyKind::eevdf, 1ms), 4ms) << "not used up yet: at a tick";
  EXPECT_EQ(gives_way_at(PolicyKind::eevdf, 3500us), 3500us);
  EXPECT_EQ(gives_way_at(PolicyKind::round_robin, 3500us), 4ms);
}

TEST(Preemption, another_cpu_is_interrupted_at_once) {
  OsSpec os = quiet_os(PolicyKind::fair, 3ms);
  World world{small_machine(2), os};
  const ThreadId sleeper = world.add({.nice = -5, .affinity = {CpuId{1}}});
  const ThreadId burner = world.add({.affinity = {CpuId{1}}});
  const ThreadId waker = world.add({.affinity = {CpuId{0}}});
  world.start(sleeper, block_once(world, sleeper));
  world.start(burner, compute(world, burner, 20ms));
  world.start(waker, wake_in_kernel(world, waker, {sleeper}));
  world.run_until(5050us);
  EXPECT_TRUE(world.dispatcher.running(sleeper));
  EXPECT_EQ(world.dispatcher.accounts(sleeper).ready_time, 0us);
}

TEST(Groups, share_a_cpu_by_weight_not_by_number_of_threads) {
  OsSpec os = quiet_os(PolicyKind::fair, 1ms);
  os.groups = {{.name = "alone", .parent = {}, .weight = 100},
               {.name = "crowd", .parent = {}, .weight = 300}};
  World world{small_machine(1), os};
  std::vector<ThreadId> threads;
  for (const std::uint32_t group : {1U, 2U, 2U, 2U}) {
    threads.push_back(world.add({.group = GroupId{group}}));
    world.start(threads.back(), compute(world, threads.back(), 100s));
  }
  world.run_until(4s);
  const auto share = [&](std::size_t i) {
    return static_cast<double>(world.dispatcher.accounts(threads[i]).cpu_time.count()) / 4e9;
  };
  for (std::size_t i = 0; i < threads.size(); ++i) {
    EXPECT_NEAR(share(i), 0.25, 0.0025) << "thread " << i;
  }
}

TEST(Groups, nest) {
  OsSpec os = quiet_os(PolicyKind::fair, 1ms);
  os.groups = {{.name = "outer", .parent = {}, .weight = 100},
               {.name = "inner", .parent = GroupId{1}, .weight = 100}};
  World world{small_machine(1), os};
  std::vector<ThreadId> threads;
  // root: one thread and outer; outer: one thread and inner; inner: two threads.
  for (const std::uint32_t group : {0U, 1U, 2U, 2U}) {
    threads.push_back(world.add({.group = GroupId{group}}));
    world.start(threads.back(), compute(world, threads.back(), 100s));
  }
  world.run_until(4s);
  const std::vector<double> expected{0.5, 0.25, 0.125, 0.125};
  for (std::size_t i = 0; i < threads.size(); ++i) {
    const auto cpu_time = world.dispatcher.accounts(threads[i]).cpu_time;
    EXPECT_NEAR(static_cast<double>(cpu_time.count()) / 4e9, expected[i], 0.003) << i;
  }
}

/// What a group weighs on a CPU is its part of the group's load there, nice levels included.
TEST(Groups, weigh_on_each_cpu_what_their_load_is_there) {
  OsSpec os = quiet_os(PolicyKind::fair, 1ms);
  os.groups = {{.name = "a"}, {.name = "b"}};
  World world{small_machine(2), os};
  std::vector<ThreadId> threads;
  for (const std::uint32_t group : {1U, 2U}) {
    for (const std::uint32_t cpu : {0U, 1U}) {
      const int nice = group == 1 && cpu == 1 ? 5 : 0;
      threads.push_back(
          world.add({.group = GroupId{group}, .nice = nice, .affinity = {CpuId{cpu}}}));
      world.start(threads.back(), compute(world, threads.back(), 100s));
    }
  }
  world.run_until(4s);
  const double on_0 = 1024.0 * 1024.0 / (1024.0 + 335.0);
  const double on_1 = 1024.0 * 335.0 / (1024.0 + 335.0);
  const std::vector<double> expected{on_0 / (on_0 + 512.0), on_1 / (on_1 + 512.0),
                                     512.0 / (on_0 + 512.0), 512.0 / (on_1 + 512.0)};
  for (std::size_t i = 0; i < threads.size(); ++i) {
    const auto cpu_time = world.dispatcher.accounts(threads[i]).cpu_time;
    EXPECT_NEAR(static_cast<double>(cpu_time.count()) / 4e9, expected[i], 0.01 * expected[i]) << i;
  }
}

TEST(Groups, without_quotas_leave_no_cpu_idle_while_somebody_waits) {
  OsSpec os = quiet_os(PolicyKind::fair, 500us);
  os.groups = {{.name = "a"}, {.name = "b", .parent = GroupId{1}}};
  World world{small_machine(3), os};
  std::vector<ThreadId> threads;
  for (std::uint32_t i = 0; i < 7; ++i) {
    threads.push_back(world.add({.group = GroupId{i % 3}}));
    world.start(threads.back(), compute(world, threads.back(), 100s));
  }
  world.run_until(1s);
  for (std::uint32_t cpu = 0; cpu < 3; ++cpu) {
    EXPECT_EQ(world.dispatcher.accounts(CpuId{cpu}).busy, 1s) << cpu;
  }
}

TEST(Groups, below_a_shared_queue_are_refused_with_a_way_out) {
  OsSpec os = ideal_os();
  EXPECT_FALSE(unsupported(os).has_value());
  os.groups = {{.name = "g", .parent = {}}};
  const auto error = unsupported(os);
  ASSERT_TRUE(error.has_value());
  EXPECT_FALSE(error->advice.empty());
}

TEST(Fairness, nice_0_and_nice_5_share_a_ticking_cpu_as_linux_does) {
  OsSpec os = quiet_os(PolicyKind::fair, 700us);
  os.tick = 4ms;
  os.random_tick_phase = true;
  World world{small_machine(1), os};
  const ThreadId a = world.add({.nice = 0});
  const ThreadId b = world.add({.nice = 5});
  world.start(a, compute(world, a, 100s));
  world.start(b, compute(world, b, 100s));
  world.run_until(10s);
  const double share = static_cast<double>(world.dispatcher.accounts(a).cpu_time.count()) / 1e10;
  EXPECT_NEAR(share, 0.7535, 0.0075);
}

}  // namespace
}  // namespace timeslice::models
