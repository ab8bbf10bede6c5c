// What switches, wake-ups, ticks, siblings and changing speeds cost on a simulated machine.
#include <gtest/gtest.h>

#include "models/os/cpu_rates.hpp"
#include "models/trace_kinds.hpp"
#include "tests/models/os/os_bench.hpp"

namespace timeslice::models {
namespace {

using namespace std::chrono_literals;
using os_bench::compute;
using os_bench::quiet_os;
using os_bench::small_machine;
using os_bench::World;

Program sleep_and_work(World& world, ThreadId thread, int rounds) {
  for (int i = 0; i < rounds; ++i) {
    static_cast<void>(co_await world.dispatcher.sleep(thread, 1ms));
    co_await world.work(thread, 10us);
  }
}

Program compute_as(World& world, ThreadId thread, WorkKind kind) {
  co_await world.work(thread, 100us, kind);
}

TEST(Costs, a_switch_between_threads_is_charged_to_the_incoming_one) {
  World world{small_machine(1), quiet_os(PolicyKind::round_robin, 1ms)};
  world.machine.costs.context_switch = 10us;
  const ThreadId a = world.add();
  const ThreadId b = world.add();
  world.start(a, compute(world, a, 1ms));
  world.start(b, compute(world, b, 500us));
  world.run();
  // a: 10 us + 990 us, b: 10 + 500, a: 10 + 10
  EXPECT_EQ(world.now(), 1530us);
  EXPECT_EQ(world.dispatcher.accounts(a).cpu_time, 1020us);
  EXPECT_EQ(world.dispatcher.accounts(b).cpu_time, 510us);
  EXPECT_EQ(world.dispatcher.accounts(CpuId{0}).switching, 30us);
}

TEST(Costs, the_same_thread_after_idleness_pays_the_wake_up_but_no_switch) {
  MachineSpec machine = small_machine(1);
  machine.costs.context_switch = 10us;
  machine.costs.wake_idle_cpu = 28us;
  World world{machine, ideal_os()};
  const ThreadId a = world.add();
  world.start(a, sleep_and_work(world, a, 2));
  world.run();
  EXPECT_EQ(world.now(), 28us + 10us + 2 * (1ms + 28us + 10us));
  EXPECT_EQ(world.dispatcher.accounts(a).cpu_time, 10us + 2 * 10us);
  EXPECT_EQ(world.dispatcher.accounts(a).ready_time, 3 * 28us);
  EXPECT_EQ(world.dispatcher.accounts(a).blocked_time, 2ms);
}

TEST(Costs, wake_up_jitter_stays_in_its_range_and_varies) {
  MachineSpec machine = small_machine(1);
  machine.costs.wake_idle_cpu = 28us;
  machine.costs.wake_idle_cpu_jitter = 10us;
  World world{machine, ideal_os(), 42};
  const ThreadId a = world.add();
  world.start(a, sleep_and_work(world, a, 1000));
  world.run();
  const double mean = static_cast<double>(world.dispatcher.accounts(a).ready_time.count()) / 1001.0;
  EXPECT_NEAR(mean, 33'000.0, 400.0);
}

Program sleep_then_device(World& it, ThreadId thread) {
  static_cast<void>(co_await it.dispatcher.sleep(thread, 1ms));
  EXPECT_EQ(it.now(), 1070us);
  static_cast<void>(co_await it.dispatcher.wait_for_device(thread, 1ms));
  EXPECT_EQ(it.now(), 2090us);
}

TEST(Costs, timers_are_late_by_slack_and_latency_devices_by_latency_only) {
  OsSpec os = ideal_os();
  os.timer_slack = 50us;
  os.timer_latency = 20us;
  World world{small_machine(1), os};
  const ThreadId a = world.add();
  world.start(a, sleep_then_device(world, a));
  world.run();
  EXPECT_TRUE(world.dispatcher.finished(a));
}

TEST(Costs, moving_to_another_cpu_costs_a_migration) {
  World world{small_machine(2), quiet_os(PolicyKind::round_robin, 1ms)};
  world.machine.costs.migration = 100us;
  const ThreadId a = world.add();
  const ThreadId b = world.add();
  const ThreadId c = world.add();
  world.start(a, compute(world, a, 3ms));
  world.start(b, compute(world, b, 500us));
  world.start(c, compute(world, c, 3ms));
  world.run();
  const auto moved = world.dispatcher.accounts(a).migrations +
                     world.dispatcher.accounts(b).migrations +
                     world.dispatcher.accounts(c).migrations;
  EXPECT_EQ(moved, 0U) << "who was moved before it ran anywhere did not migrate";
  EXPECT_EQ(world.now(), 3500us);
}

TEST(Rates, two_siblings_share_what_the_core_gains) {
  MachineSpec machine = small_machine(1, 2);
  machine.smt_gain = 1.25;
  World world{machine, quiet_os(PolicyKind::fifo, 1ms)};
  const ThreadId a = world.add();
  const ThreadId b = world.add();
  world.start(a, compute(world, a, 10ms));
  world.start(b, compute(world, b, 5ms));
  world.run();
  // Together at 0.625: b is done after 8 ms, when a has 5 ms left.
  EXPECT_EQ(world.now(), 13ms);
  EXPECT_EQ(world.dispatcher.accounts(CpuId{0}).beside_sibling, 8ms);
  EXPECT_EQ(world.dispatcher.accounts(b).cpu_time, 8ms);
}

TEST(Rates, a_new_thread_gets_a_core_of_its_own_before_a_sibling) {
  World world{small_machine(2, 2), quiet_os(PolicyKind::fifo, 1ms)};
  const ThreadId a = world.add();
  const ThreadId b = world.add();
  world.start(a, compute(world, a, 10ms));
  world.start(b, compute(world, b, 10ms));
  world.run();
  EXPECT_EQ(world.now(), 10ms);
}

TEST(Rates, further_siblings_add_less_and_less) {
  EXPECT_DOUBLE_EQ(smt_share(1.25, 1), 1.0);
  EXPECT_DOUBLE_EQ(smt_share(1.25, 2), 0.625);
  EXPECT_DOUBLE_EQ(smt_share(1.25, 3), 1.375 / 3.0);
  EXPECT_DOUBLE_EQ(smt_share(1.25, 4), 1.4375 / 4.0);
}

Program all_kinds(World& it, ThreadId thread) {
  co_await it.work(thread, 4ms, WorkKind::python);
  EXPECT_EQ(it.now(), 10ms);
  co_await it.work(thread, 4ms, WorkKind::native);
  EXPECT_EQ(it.now(), 12500us);
  co_await it.work(thread, 4ms, WorkKind::kernel);
  EXPECT_EQ(it.now(), 15ms);
  co_await it.work(thread, 4ms, WorkKind::memory);
  EXPECT_EQ(it.now(), 20ms);
}

TEST(Rates, kind_of_work_core_kind_and_machine_multiply) {
  MachineSpec machine = small_machine(1);
  machine.speed = {.python = 0.5, .native = 2.0, .memory = 1.0};
  machine.core_kinds = {CoreKindSpec{.speed = 0.8}};
  World world{machine, ideal_os()};
  const ThreadId a = world.add();
  world.start(a, all_kinds(world, a));
  world.run();
  EXPECT_TRUE(world.dispatcher.finished(a));
}

TEST(Rates, the_kernel_may_have_a_speed_of_its_own) {
  const auto takes = [](std::optional<double> speed) {
    MachineSpec machine = small_machine(1);
    machine.speed = {.python = 1.0, .native = 2.0, .memory = 1.0, .kernel = speed};
    World world{machine, ideal_os()};
    const ThreadId thread = world.add();
    world.start(thread, compute_as(world, thread, WorkKind::kernel));
    world.run();
    return world.now();
  };
  EXPECT_EQ(takes(0.5), 200us);
  EXPECT_EQ(takes({}), 50us) << "else that of C code";
}

TEST(Rates, speed_changes_within_a_segment_are_honoured_exactly) {
  MachineSpec machine = small_machine(1);
  machine.speed_over_time = {
      {{.from = sim::Instant{1ms}, .factor = 0.5}, {.from = sim::Instant{3ms}, .factor = 2.0}}};
  World world{machine, ideal_os()};
  const ThreadId a = world.add();
  world.start(a, compute(world, a, 10ms));
  world.run();
  // 1 ms at 1, 2 ms at 0.5, the other 8 ms of work at 2.
  EXPECT_EQ(world.now(), 7ms);
  EXPECT_EQ(world.dispatcher.accounts(a).nominal_done_ns, 10e6);
}

TEST(Rates, timer_interrupts_take_their_part) {
  MachineSpec machine = small_machine(1);
  machine.costs.tick_cost = 40us;
  OsSpec os = ideal_os();
  os.tick = 4ms;
  World world{machine, os};
  const ThreadId a = world.add();
  world.start(a, compute(world, a, 99ms));
  world.run();
  EXPECT_EQ(world.now(), 100ms);
}

TEST(Rates, wall_time_is_rounded_up_but_not_for_noise) {
  EXPECT_EQ(wall_ns(10.0, 1.0), 10);
  EXPECT_EQ(wall_ns(10.1, 1.0), 11);
  EXPECT_EQ(wall_ns(10.0 + 1e-9, 1.0), 10);
  EXPECT_EQ(wall_ns(1.0, 3.0), 1);
  EXPECT_EQ(wall_ns(1e300, 1.0), never);
}

TEST(Slices, with_a_tick_end_on_the_first_tick_at_which_they_are_used_up) {
  OsSpec os = quiet_os(PolicyKind::round_robin, 1400us);
  os.tick = 4ms;
  World world{small_machine(1), os};
  const ThreadId a = world.add();
  const ThreadId b = world.add();
  world.start(a, compute(world, a, 12ms));
  world.start(b, compute(world, b, 12ms));
  world.run();
  std::vector<std::int64_t> ends;
  for (const sim::TraceRecord& record : world.sink.records()) {
    if (record.kind == static_cast<std::uint16_t>(TraceKind::switch_out)) {
      ends.push_back(record.time_ns);
    }
  }
  EXPECT_EQ(ends, (std::vector<std::int64_t>{4'000'000, 8'000'000, 12'000'000, 16'000'000,
                                             20'000'000, 24'000'000}));
}

TEST(Slices, nobody_waits_so_no_event_ends_them) {
  OsSpec os = quiet_os(PolicyKind::round_robin, 1ms);
  os.tick = 1ms;
  World world{small_machine(1), os};
  const ThreadId a = world.add();
  world.start(a, compute(world, a, 100s));
  world.run();
  EXPECT_LT(world.engine.events(), 10U);
}

TEST(Slices, end_for_a_rival_that_comes_later) {
  World world{small_machine(1), quiet_os(PolicyKind::round_robin, 10ms)};
  const ThreadId a = world.add();
  const ThreadId b = world.add();
  world.start(a, compute(world, a, 100ms));
  world.run_until(23ms);
  world.start(b, compute(world, b, 1ms));
  world.run();
  EXPECT_EQ(world.dispatcher.accounts(b).ready_time, 7ms) << "a is in its third slice";
  EXPECT_EQ(world.dispatcher.accounts(a).ready_time, 1ms);
}

}  // namespace
}  // namespace timeslice::models
