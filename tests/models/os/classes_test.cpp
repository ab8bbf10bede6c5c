// Linux's scheduling classes on the simulated machine.
#include <algorithm>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "models/os/os_spec.hpp"
#include "models/trace_kinds.hpp"
#include "tests/models/os/os_bench.hpp"

namespace timeslice::models {
namespace {

using namespace std::chrono_literals;
using os_bench::compute;
using os_bench::quiet_os;
using os_bench::small_machine;
using os_bench::World;

constexpr ClassSpec fifo(std::uint8_t priority) {
  return {.kind = SchedulingClass::fifo, .priority = priority};
}
constexpr ClassSpec round_robin(std::uint8_t priority) {
  return {.kind = SchedulingClass::round_robin, .priority = priority};
}
constexpr ClassSpec reserved(sim::Duration runtime, sim::Duration deadline, sim::Duration period) {
  return {.kind = SchedulingClass::deadline,
          .runtime = runtime,
          .deadline = deadline,
          .period = period};
}

/// Fair queues with the ticks of the reference machine.
OsSpec linux_os(RealTimeSpec::Limit limit = RealTimeSpec::Limit::fair_server) {
  OsSpec os;
  os.timer_slack = 0ns;
  os.timer_latency = 0ns;
  os.real_time.limit = limit;
  os.balance.kind = BalanceKind::work_conserving;
  return os;
}

ThreadId burner(World& world, const ClassSpec& sched) {
  const ThreadId thread = world.add({.sched = sched});
  world.start(thread, compute(world, thread, 1000s));
  return thread;
}

double share(const World& world, ThreadId thread) {
  return static_cast<double>(world.dispatcher.accounts(thread).cpu_time.count()) /
         static_cast<double>(world.now().count());
}

Program sleep_then_work(World& world, ThreadId thread, sim::Duration sleep, sim::Duration work,
                        std::vector<sim::Duration>* done) {
  static_cast<void>(co_await world.dispatcher.sleep(thread, sleep));
  co_await world.work(thread, work);
  if (done != nullptr) {
    done->push_back(world.now());
  }
}

ThreadId sleeper(World& world, const ClassSpec& sched, sim::Duration sleep, sim::Duration work,
                 std::vector<sim::Duration>* done = nullptr) {
  const ThreadId thread = world.add({.sched = sched});
  world.start(thread, sleep_then_work(world, thread, sleep, work, done));
  return thread;
}

/// Lengths of the stretches for which `thread` had the CPU.
std::vector<sim::Duration> turns(const World& world, ThreadId thread) {
  std::vector<sim::Duration> lengths;
  std::int64_t since = -1;
  for (const sim::TraceRecord& record : world.sink.records()) {
    if (record.subject != static_cast<std::uint32_t>(thread)) {
      continue;
    }
    if (record.kind == static_cast<std::uint16_t>(TraceKind::switch_in)) {
      since = record.time_ns;
    } else if (record.kind == static_cast<std::uint16_t>(TraceKind::switch_out) && since >= 0) {
      lengths.emplace_back(record.time_ns - since);
      since = -1;
    }
  }
  return lengths;
}

class RealTimeLimits : public ::testing::TestWithParam<RealTimeSpec::Limit> {};
INSTANTIATE_TEST_SUITE_P(Kernels, RealTimeLimits,
                         ::testing::Values(RealTimeSpec::Limit::throttle,
                                           RealTimeSpec::Limit::fair_server));

/// Measured on Linux 6.18: FIFO 0.946 on the reference guest.
TEST_P(RealTimeLimits, a_fifo_burner_leaves_a_twentieth_to_a_fair_one) {
  World world{small_machine(1), linux_os(GetParam())};
  const ThreadId fair = burner(world, {});
  const ThreadId urgent = burner(world, fifo(10));
  world.run_until(30s);
  EXPECT_NEAR(share(world, urgent), 0.946, 0.01);
  EXPECT_NEAR(share(world, fair), 0.05, 0.01);
}

TEST(RealTime, a_throttled_class_leaves_its_cpu_idle_and_a_server_does_not) {
  for (const auto& [limit, expected] : {std::pair{RealTimeSpec::Limit::throttle, 0.95},
                                        std::pair{RealTimeSpec::Limit::fair_server, 1.0}}) {
    World world{small_machine(1), linux_os(limit)};
    const ThreadId urgent = burner(world, fifo(10));
    world.run_until(20s);
    EXPECT_NEAR(share(world, urgent), expected, 0.003);
  }
}

TEST(RealTime, without_a_limit_fair_threads_starve) {
  World world{small_machine(1), linux_os(RealTimeSpec::Limit::none)};
  const ThreadId fair = burner(world, {});
  const ThreadId urgent = burner(world, fifo(1));
  world.run_until(10s);
  EXPECT_EQ(share(world, fair), 0.0);
  EXPECT_EQ(share(world, urgent), 1.0);
}

/// Measured on Linux 6.18: turns of 99.99 ms on the reference guest.
TEST(RealTime, round_robin_takes_turns_of_100_ms_among_equals) {
  World world{small_machine(1), linux_os(RealTimeSpec::Limit::none)};
  const ThreadId one = burner(world, round_robin(5));
  const ThreadId other = burner(world, round_robin(5));
  const ThreadId lower = burner(world, round_robin(4));
  world.run_until(2s);
  const std::vector<sim::Duration> lengths = turns(world, one);
  ASSERT_GE(lengths.size(), 9U);
  for (std::size_t i = 1; i < lengths.size(); ++i) {
    EXPECT_EQ(lengths[i], 100ms) << "turn " << i;
  }
  EXPECT_NEAR(share(world, other), 0.5, 0.05);
  EXPECT_EQ(share(world, lower), 0.0);
}

TEST(RealTime, a_preempted_round_robin_thread_ends_its_turn_first) {
  OsSpec os = linux_os(RealTimeSpec::Limit::none);
  os.tick = 0ns;
  World world{small_machine(1), os};
  const ThreadId one = burner(world, round_robin(5));
  const ThreadId other = burner(world, round_robin(5));
  sleeper(world, fifo(50), 30ms, 10ms);
  world.run_until(109ms);
  EXPECT_TRUE(world.dispatcher.running(one)) << "30 ms before, 70 ms after the interruption";
  world.run_until(111ms);
  EXPECT_TRUE(world.dispatcher.running(other));
}

TEST(RealTime, classes_go_in_their_order) {
  World world{small_machine(1), linux_os()};
  std::vector<sim::Duration> deadline;
  std::vector<sim::Duration> high;
  std::vector<sim::Duration> low;
  std::vector<sim::Duration> normal;
  burner(world, {.kind = SchedulingClass::idle});
  sleeper(world, {}, 10ms, 5ms, &normal);
  sleeper(world, fifo(1), 10ms, 5ms, &low);
  sleeper(world, round_robin(99), 10ms, 5ms, &high);
  sleeper(world, reserved(10ms, 20ms, 20ms), 10ms, 5ms, &deadline);
  world.run_until(100ms);
  ASSERT_EQ(normal.size(), 1U);
  EXPECT_EQ(deadline[0], 15ms);
  EXPECT_EQ(high[0], 20ms);
  EXPECT_EQ(low[0], 25ms);
  EXPECT_GE(normal[0], 30ms);
  EXPECT_LE(normal[0], 40ms);
}

TEST(RealTime, sleeps_of_urgent_threads_have_no_slack) {
  OsSpec os = linux_os();
  os.timer_slack = 50us;
  World world{small_machine(2), os};
  std::vector<sim::Duration> urgent;
  std::vector<sim::Duration> normal;
  sleeper(world, fifo(1), 10ms, 0ns, &urgent);
  sleeper(world, {}, 10ms, 0ns, &normal);
  world.run();
  EXPECT_EQ(urgent[0], 10ms);
  EXPECT_EQ(normal[0], 10ms + 50us);
}

TEST(RealTime, the_most_urgent_threads_have_the_cpus) {
  World world{small_machine(2), linux_os(RealTimeSpec::Limit::none)};
  const ThreadId low = burner(world, fifo(1));
  const ThreadId middle = burner(world, fifo(2));
  burner(world, {});
  std::vector<sim::Duration> done;
  const ThreadId high = sleeper(world, fifo(3), 100ms, 50ms, &done);
  world.run_until(120ms);
  EXPECT_TRUE(world.dispatcher.running(high));
  EXPECT_TRUE(world.dispatcher.running(middle)) << "pushed, wherever the high one came to";
  EXPECT_FALSE(world.dispatcher.running(low));
  world.run_until(200ms);
  EXPECT_EQ(done, std::vector{sim::Duration{150ms}});
  EXPECT_TRUE(world.dispatcher.running(low)) << "pulled to the CPU that the high one left";
}

TEST(RealTime, a_bound_thread_is_never_pushed_off_its_cpus) {
  World world{small_machine(2), linux_os(RealTimeSpec::Limit::none)};
  const ThreadId bound = world.add({.affinity = {CpuId{0}}, .sched = fifo(1)});
  world.start(bound, compute(world, bound, 10s));
  const ThreadId other = world.add({.affinity = {CpuId{0}}, .sched = fifo(2)});
  world.start(other, compute(world, other, 1s));
  world.run_until(500ms);
  EXPECT_EQ(world.dispatcher.accounts(bound).cpu_time, 0ms);
  EXPECT_EQ(world.dispatcher.accounts(CpuId{1}).busy, 0ms);
}

TEST(Deadline, who_overruns_takes_no_more_than_was_reserved) {
  World world{small_machine(1), linux_os()};
  const ThreadId greedy = burner(world, reserved(20ms, 100ms, 100ms));
  const ThreadId fair = burner(world, {});
  world.run_until(20s);
  EXPECT_NEAR(share(world, greedy), 0.2, 0.002);
  EXPECT_NEAR(share(world, fair), 0.8, 0.002);
}

TEST(Deadline, a_lone_overrunning_thread_is_stopped_as_well) {
  World world{small_machine(1), linux_os()};
  const ThreadId greedy = burner(world, reserved(30ms, 50ms, 100ms));
  world.run_until(10s);
  EXPECT_NEAR(share(world, greedy), 0.3, 0.003);
}

Program periodic(World& world, ThreadId thread, sim::Duration work, sim::Duration period,
                 sim::Duration* worst) {
  for (int job = 0; job < 100; ++job) {
    const sim::Duration release = job * period;
    if (world.now() < release) {
      static_cast<void>(co_await world.dispatcher.sleep(thread, release - world.now()));
    }
    co_await world.work(thread, work);
    *worst = std::max(*worst, world.now() - release);
  }
}

TEST(Deadline, reservations_are_kept_beside_one_who_overruns) {
  OsSpec os = linux_os();
  os.tick = 1ms;
  World world{small_machine(1), os};
  burner(world, reserved(40ms, 100ms, 100ms));
  burner(world, fifo(99));
  const ThreadId good = world.add({.sched = reserved(10ms, 20ms, 20ms)});
  sim::Duration worst{};
  world.start(good, periodic(world, good, 9ms, 20ms, &worst));
  world.run_until(2s);
  EXPECT_EQ(world.dispatcher.finished(good), true);
  EXPECT_LE(worst, 20ms);
}

TEST(Deadline, the_earliest_deadline_runs_first) {
  World world{small_machine(1), linux_os()};
  std::vector<sim::Duration> late;
  std::vector<sim::Duration> early;
  sleeper(world, reserved(30ms, 100ms, 100ms), 0ms, 25ms, &late);
  sleeper(world, reserved(10ms, 40ms, 100ms), 10ms, 5ms, &early);
  world.run();
  EXPECT_EQ(early, std::vector{sim::Duration{15ms}});
  EXPECT_EQ(late, std::vector{sim::Duration{30ms}});
}

TEST(FairClasses, an_idle_thread_gets_what_its_weight_of_3_says) {
  World world{small_machine(1), linux_os()};
  const ThreadId normal = burner(world, {});
  const ThreadId idle = burner(world, {.kind = SchedulingClass::idle});
  world.run_until(60s);
  EXPECT_NEAR(share(world, idle), 3.0 / 1027.0, 0.001);
  EXPECT_GT(share(world, normal), 0.99);
}

TEST(FairClasses, a_woken_batch_thread_waits_for_the_tick) {
  for (const auto& [kind, preempts] :
       {std::pair{SchedulingClass::normal, true}, std::pair{SchedulingClass::batch, false}}) {
    OsSpec os = linux_os();
    os.tick = 20ms;
    os.random_tick_phase = false;
    World world{small_machine(1), os};
    std::vector<sim::Duration> done;
    burner(world, {});
    // It first runs at the tick at 20 ms, and is owed time when it goes to sleep.
    sleeper(world, {.kind = kind}, 30ms, 1ms, &done);
    world.run_until(200ms);
    ASSERT_EQ(done.size(), 1U);
    EXPECT_EQ(done[0], preempts ? 51ms : 61ms);
  }
}

/// Two threads side by side on core 0 of two, until core 1 is free after 20 ms.
std::uint64_t moves_off_a_crowded_core(BalanceKind kind, const ClassSpec& sched) {
  OsSpec os = linux_os();
  os.balance.kind = kind;
  World world{small_machine(2, 2), os};
  for (const std::uint32_t cpu : {1U, 3U}) {
    const ThreadId bound = world.add({.affinity = {CpuId{cpu}}});
    world.start(bound, compute(world, bound, 20ms));
  }
  const ThreadId one = burner(world, sched);
  const ThreadId other = burner(world, sched);
  world.run_until(2s);
  return world.dispatcher.accounts(one).migrations + world.dispatcher.accounts(other).migrations;
}

TEST(FairClasses, the_balancer_of_fair_threads_leaves_urgent_ones_where_they_run) {
  for (const BalanceKind kind : {BalanceKind::work_conserving, BalanceKind::linux_domains}) {
    EXPECT_GE(moves_off_a_crowded_core(kind, {}), 1U);
    EXPECT_EQ(moves_off_a_crowded_core(kind, fifo(5)), 0U);
  }
}

TEST(FairClasses, a_slice_of_its_own_makes_longer_turns_and_no_larger_share) {
  World world{small_machine(1), linux_os()};
  const ThreadId usual = burner(world, {});
  const ThreadId patient = burner(world, {.slice = 20ms});
  world.run_until(10s);
  std::vector<sim::Duration> lengths = turns(world, patient);
  std::ranges::sort(lengths);
  ASSERT_GT(lengths.size(), 100U);
  EXPECT_EQ(lengths[lengths.size() / 2], 20ms);
  EXPECT_NEAR(share(world, patient), 0.5, 0.01);
  EXPECT_NEAR(share(world, usual), 0.5, 0.01);
}

TEST(FairClasses, normal_threads_in_a_world_with_classes_run_as_without) {
  const auto run = [](bool with_class) {
    World world{small_machine(2), linux_os()};
    std::vector<ThreadId> threads;
    for (int i = 0; i < 5; ++i) {
      threads.push_back(world.add({.nice = i}));
      world.start(threads.back(), compute(world, threads.back(), 50s));
    }
    if (with_class) {
      sleeper(world, fifo(1), 100s, 1ms);
    }
    world.run_until(5s);
    std::vector<sim::Duration> times;
    for (const ThreadId thread : threads) {
      times.push_back(world.dispatcher.accounts(thread).cpu_time);
    }
    return times;
  };
  EXPECT_EQ(run(false), run(true));
}

}  // namespace
}  // namespace timeslice::models
