// Where the kernel lets go of a CPU, and what takes time from threads besides switches.
#include <vector>

#include <gtest/gtest.h>

#include "models/os/os_spec.hpp"
#include "tests/models/os/os_bench.hpp"

namespace timeslice::models {
namespace {

using namespace std::chrono_literals;
using os_bench::compute;
using os_bench::quiet_os;
using os_bench::small_machine;
using os_bench::World;

OsSpec linux_os(KernelPreemption preemption) {
  OsSpec os;
  os.timer_slack = 0ns;
  os.timer_latency = 0ns;
  os.random_tick_phase = false;
  os.preemption = preemption;
  return os;
}

Program long_call(World& world, ThreadId thread) {
  co_await world.work(thread, 10ms, WorkKind::kernel);
  co_await world.work(thread, 100ms);
}

Program after(World& world, ThreadId thread, sim::Duration begin, sim::Duration* done) {
  static_cast<void>(co_await world.dispatcher.wait_for_device(thread, begin));
  co_await world.work(thread, 100us);
  *done = world.now();
}

/// When a thread is done that wakes at 2.5 ms beside a system call of 10 ms; ticks every 4 ms.
sim::Duration done_beside_call(KernelPreemption preemption, const ClassSpec& sched) {
  World world{small_machine(1), linux_os(preemption)};
  sim::Duration done{};
  const ThreadId woken = world.add({.sched = sched});
  world.start(woken, after(world, woken, 2500us, &done));
  const ThreadId caller = world.add({.nice = 10});
  world.start(caller, long_call(world, caller));
  world.run();
  return done;
}

TEST(KernelPreemption, says_when_a_system_call_gives_way) {
  const ClassSpec urgent{.kind = SchedulingClass::fifo, .priority = 1};
  EXPECT_EQ(done_beside_call(KernelPreemption::none, urgent), 10'100us);
  EXPECT_EQ(done_beside_call(KernelPreemption::voluntary, urgent), 10'100us);
  EXPECT_EQ(done_beside_call(KernelPreemption::full, urgent), 2'600us);
  EXPECT_EQ(done_beside_call(KernelPreemption::lazy, urgent), 2'600us);
  EXPECT_EQ(done_beside_call(KernelPreemption::none, {}), 10'100us);
  EXPECT_EQ(done_beside_call(KernelPreemption::full, {}), 2'600us);
  EXPECT_EQ(done_beside_call(KernelPreemption::lazy, {}), 4'100us) << "at the tick";
}

Distribution always(sim::Duration length) {
  return {.kind = DistributionKind::constant, .first_ns = static_cast<double>(length.count())};
}

TEST(Interruptions, take_their_part_of_a_busy_cpu) {
  MachineSpec machine = small_machine(2);
  machine.interruptions = {.every = 1ms, .length = always(100us)};
  World world{machine, quiet_os(PolicyKind::fifo, 1ms)};
  const ThreadId thread = world.add();
  world.start(thread, compute(world, thread, 10s));
  EXPECT_EQ(world.run(), sim::StopReason::drained) << "an idle CPU keeps no clock running";
  const double stretch = static_cast<double>(world.now().count()) / 10e9;
  EXPECT_NEAR(stretch, 1.1, 0.005);
  EXPECT_EQ(world.now(), 10s + world.dispatcher.accounts(CpuId{0}).interrupted);
  EXPECT_EQ(world.dispatcher.accounts(thread).cpu_time, world.now());
  EXPECT_EQ(world.dispatcher.accounts(thread).nominal_done_ns, 10e9);
}

TEST(Interruptions, are_the_same_in_each_run_of_a_seed) {
  const auto end = [](std::uint64_t seed) {
    MachineSpec machine = small_machine(1);
    machine.interruptions = {.every = 1ms, .length = always(30us)};
    World world{machine, quiet_os(PolicyKind::fifo, 1ms), seed};
    const ThreadId thread = world.add();
    world.start(thread, compute(world, thread, 1s));
    world.run();
    return world.now();
  };
  EXPECT_EQ(end(1), end(1));
  EXPECT_NE(end(1), end(2));
}

TEST(ColdCaches, cost_more_the_longer_others_ran) {
  MachineSpec machine = small_machine(1);
  machine.costs.cold_refill = 10us;
  machine.costs.cold_refill_half = 1ms;
  for (const auto& [slice, refill] :
       {std::pair{sim::Duration{1ms}, 5us}, std::pair{sim::Duration{9ms}, 9us}}) {
    World world{machine, quiet_os(PolicyKind::round_robin, slice)};
    const ThreadId one = world.add();
    const ThreadId other = world.add();
    world.start(one, compute(world, one, 4 * slice));
    world.start(other, compute(world, other, 4 * slice));
    world.run();
    const auto switching = world.dispatcher.accounts(CpuId{0}).switching;
    EXPECT_GE(switching, 6 * refill) << "each came back three times or more";
    EXPECT_LE(switching, 8 * (refill + 100ns));
  }
}

TEST(ColdCaches, grow_with_the_time_away_whoever_ran) {
  MachineSpec machine = small_machine(1);
  machine.cold_code = {.factor = 0.0, .resume = 20us, .after = 4ms};
  for (const auto& [away, refill] :
       {std::pair{sim::Duration{1ms}, 5us}, std::pair{sim::Duration{4ms}, 20us},
        std::pair{sim::Duration{40ms}, 20us}}) {
    World world{machine, quiet_os(PolicyKind::fifo, 1ms)};
    const ThreadId thread = world.add();
    sim::Duration done{};
    world.start(thread, after(world, thread, away, &done));
    world.run();
    EXPECT_EQ(done, away + refill + 100us);
  }
}

TEST(ColdCaches, of_an_interpreter_that_starts_cost_more_the_longer_others_ran) {
  constexpr sim::Duration slice{4ms};
  constexpr sim::Duration start{1ms};
  MachineSpec machine = small_machine(1);
  machine.cold_code.start = start;
  machine.cold_code.start_after = 20ms;
  const auto switching = [&](int threads, bool starts) {
    World world{machine, quiet_os(PolicyKind::round_robin, slice)};
    for (int i = 0; i < threads; ++i) {
      const ThreadId one = world.add();
      world.dispatcher.set_starting(one, starts);
      world.start(one, compute(world, one, 3 * slice / 2));
    }
    world.run();
    return world.dispatcher.accounts(CpuId{0}).switching;
  };
  // Each comes back once, for 2 ms and what it pays: after 4 and 2.2 ms; after 12, 10.5, 8.9, 7.2.
  EXPECT_NEAR(sim::as_ns(switching(2, true) - switching(2, false)), 284e3, 10e3);
  EXPECT_NEAR(sim::as_ns(switching(4, true) - switching(4, false)), 1518e3, 20e3);
  EXPECT_EQ(switching(1, true), switching(1, false));
}

TEST(ColdCaches, of_an_interpreter_that_starts_are_nothing_to_who_was_killed) {
  MachineSpec machine = small_machine(1);
  machine.cold_code.start = 1ms;
  const auto switching = [&](bool starts) {
    World world{machine, quiet_os(PolicyKind::round_robin, 4ms)};
    const ThreadId one = world.add();
    const ThreadId killer = world.add();
    world.dispatcher.set_starting(one, starts);
    world.start(one, compute(world, one, 1s));
    world.start(killer, compute(world, killer, 1s));
    world.run_until(6ms);
    world.dispatcher.kill(one, compute(world, one, 1ms));
    world.run();
    return world.dispatcher.accounts(CpuId{0}).switching;
  };
  EXPECT_EQ(switching(true), switching(false));
}

TEST(ColdCaches, cost_nothing_to_who_was_alone) {
  MachineSpec machine = small_machine(1);
  machine.costs.cold_refill = 10us;
  World world{machine, quiet_os(PolicyKind::fifo, 1ms)};
  const ThreadId thread = world.add();
  sim::Duration done{};
  world.start(thread, after(world, thread, 5ms, &done));
  world.run();
  EXPECT_EQ(done, 5'100us);
}

}  // namespace
}  // namespace timeslice::models
