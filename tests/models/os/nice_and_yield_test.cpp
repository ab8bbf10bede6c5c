// What a thread tells the scheduler while it runs: another nice level, and that others may go
// first.
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

Program burn_then_renice(World& world, ThreadId thread, int level, sim::Duration* when) {
  co_await world.work(thread, 500ms);
  world.dispatcher.set_nice(thread, level);
  *when = world.now();
  co_await world.work(thread, 1000s);
}

double share_after_renice(const OsSpec& os, int from, int to) {
  World world{small_machine(1), os};
  sim::Duration when{};
  const ThreadId one = world.add({.nice = from});
  const ThreadId rival = world.add();
  world.start(one, burn_then_renice(world, one, to, &when));
  world.start(rival, compute(world, rival, 1000s));
  while (when == sim::Duration::zero()) {
    world.run_until(world.now() + 1ms);
  }
  const sim::Duration before = world.dispatcher.accounts(one).cpu_time;
  const sim::Duration begin = world.now();
  world.run_until(begin + 20s);
  const sim::Duration used = world.dispatcher.accounts(one).cpu_time - before;
  return static_cast<double>(used.count()) / 20e9;
}

TEST(Nice, shares_follow_a_level_that_changes_in_the_middle) {
  for (const PolicyKind kind :
       {PolicyKind::eevdf, PolicyKind::cfs, PolicyKind::stride, PolicyKind::lottery}) {
    const double tolerance = kind == PolicyKind::lottery ? 0.03 : 0.005;
    const OsSpec os = quiet_os(kind, 1ms);
    EXPECT_NEAR(share_after_renice(os, 0, 5), 335.0 / 1359.0, tolerance) << static_cast<int>(kind);
    EXPECT_NEAR(share_after_renice(os, 5, 0), 0.5, tolerance) << static_cast<int>(kind);
    EXPECT_NEAR(share_after_renice(os, 0, -5), 3121.0 / 4145.0, tolerance);
  }
}

TEST(Nice, the_groups_part_of_the_cpu_stays_and_its_members_parts_change) {
  OsSpec os = quiet_os(PolicyKind::eevdf, 1ms);
  os.groups = {{.name = "app"}};
  World world{small_machine(1), os};
  sim::Duration when{};
  const ThreadId one = world.add({.group = GroupId{1}});
  const ThreadId other = world.add({.group = GroupId{1}});
  const ThreadId outside = world.add();
  world.start(one, burn_then_renice(world, one, 5, &when));
  world.start(other, compute(world, other, 1000s));
  world.start(outside, compute(world, outside, 1000s));
  world.run_until(10s);
  const sim::Duration before = world.dispatcher.accounts(one).cpu_time;
  const sim::Duration others = world.dispatcher.accounts(outside).cpu_time;
  world.run_until(30s);
  const auto part = [](sim::Duration used) { return static_cast<double>(used.count()) / 20e9; };
  EXPECT_NEAR(part(world.dispatcher.accounts(outside).cpu_time - others), 0.5, 0.005);
  EXPECT_NEAR(part(world.dispatcher.accounts(one).cpu_time - before), 0.5 * 335 / 1359, 0.005);
}

/// When `thread` is on a CPU for the first time.
sim::Duration first_run(const World& world, ThreadId thread) {
  for (const sim::TraceRecord& record : world.sink.records()) {
    if (record.kind == static_cast<std::uint16_t>(TraceKind::switch_in) &&
        record.subject == static_cast<std::uint32_t>(thread)) {
      return sim::Duration{record.time_ns};
    }
  }
  return sim::Duration::max();
}

Program renice_and_burn(World& world, ThreadId thread, int level) {
  co_await world.work(thread, 100us);
  world.dispatcher.set_nice(thread, level);
  co_await world.work(thread, 1s);
}

/// Else the first request of a new thread, half as long as others, is finished.
TEST(Nice, who_becomes_less_urgent_gives_way_at_once_and_who_becomes_more_urgent_does_not) {
  for (const auto& [level, begins] :
       {std::pair{10, sim::Duration{100us}}, std::pair{-10, sim::Duration{25ms}}}) {
    World world{small_machine(1), quiet_os(PolicyKind::eevdf, 50ms)};
    const ThreadId one = world.add();
    const ThreadId rival = world.add();
    world.start(one, renice_and_burn(world, one, level));
    world.start(rival, compute(world, rival, 1s));
    world.run();
    EXPECT_NEAR(static_cast<double>(first_run(world, rival).count()),
                static_cast<double>(begins.count()), 1e6)
        << level;
  }
}

Program create_child(World& world, ThreadId thread, ThreadId* child) {
  co_await world.work(thread, 1ms);
  world.dispatcher.set_nice(thread, 5);
  *child = world.add();
  world.start(*child, compute(world, *child, 1000s));
  co_await world.work(thread, 1ms);
}

TEST(Nice, who_is_created_begins_with_the_level_of_its_creator) {
  World world{small_machine(1), quiet_os(PolicyKind::eevdf, 1ms)};
  ThreadId child{};
  const ThreadId parent = world.add();
  world.start(parent, create_child(world, parent, &child));
  const ThreadId rival = world.add();
  world.start(rival, compute(world, rival, 1000s));
  world.run_until(10s);
  const double used = static_cast<double>(world.dispatcher.accounts(child).cpu_time.count());
  EXPECT_NEAR(used / 10e9, 335.0 / 1359.0, 0.005);
}

Program yield_often(World& world, ThreadId thread, int times, sim::Duration* end) {
  for (int i = 0; i < times; ++i) {
    co_await world.work(thread, 10us);
    co_await world.dispatcher.yield(thread);
  }
  *end = world.now();
}

/// Two threads that yield after each 10 us of a millisecond, on one CPU: how far apart they end.
sim::Duration apart(PolicyKind kind) {
  OsSpec os = quiet_os(kind, 50ms);
  os.policy.cfs.start_debit = false;  // else the second one begins far behind
  World world{small_machine(1), os};
  sim::Duration one_ends{};
  sim::Duration other_ends{};
  const ThreadId one = world.add();
  const ThreadId other = world.add();
  world.start(one, yield_often(world, one, 100, &one_ends));
  world.start(other, yield_often(world, other, 100, &other_ends));
  world.run();
  EXPECT_EQ(world.now(), 2ms) << "yielding loses no time";
  return one_ends < other_ends ? other_ends - one_ends : one_ends - other_ends;
}

TEST(Yield, equals_take_turns) {
  for (const PolicyKind kind : {PolicyKind::fifo, PolicyKind::round_robin, PolicyKind::eevdf,
                                PolicyKind::cfs, PolicyKind::stride}) {
    EXPECT_LE(apart(kind), 20us) << static_cast<int>(kind);
  }
}

TEST(Yield, who_is_alone_goes_on) {
  for (const PolicyKind kind : {PolicyKind::fifo, PolicyKind::eevdf, PolicyKind::cfs}) {
    World world{small_machine(1), quiet_os(kind, 50ms)};
    sim::Duration end{};
    const ThreadId one = world.add();
    world.start(one, yield_often(world, one, 100, &end));
    world.run();
    EXPECT_EQ(end, 1ms);
    EXPECT_EQ(world.dispatcher.accounts(one).switches_involuntary, 0U);
  }
}

/// Under EEVDF who yields gives up the rest of its request, 10 us of work for each 3 ms.
TEST(Yield, under_eevdf_costs_the_rest_of_the_request) {
  World world{small_machine(1), quiet_os(PolicyKind::eevdf, 3ms)};
  sim::Duration end{};
  const ThreadId polite = world.add();
  const ThreadId burner = world.add();
  world.start(polite, yield_often(world, polite, 1'000'000, &end));
  world.start(burner, compute(world, burner, 1000s));
  world.run_until(10s);
  const double share =
      static_cast<double>(world.dispatcher.accounts(polite).cpu_time.count()) / 10e9;
  EXPECT_NEAR(share, 10.0 / 3010.0, 0.002);
}

/// A real-time thread lets equals go first, and nobody below it.
TEST(Yield, of_a_real_time_thread_is_for_its_equals) {
  World world{small_machine(1), quiet_os(PolicyKind::eevdf, 3ms)};
  const ClassSpec urgent{.kind = SchedulingClass::fifo, .priority = 5};
  sim::Duration ends[3];
  const ThreadId one = world.add({.sched = urgent});
  const ThreadId equal = world.add({.sched = urgent});
  const ThreadId fair = world.add();
  world.start(fair, yield_often(world, fair, 1, &ends[2]));
  world.start(one, yield_often(world, one, 100, &ends[0]));
  world.start(equal, yield_often(world, equal, 100, &ends[1]));
  world.run();
  EXPECT_LE(ends[0] < ends[1] ? ends[1] - ends[0] : ends[0] - ends[1], 20us);
  EXPECT_EQ(first_run(world, fair) == 0ns ? ends[2] - 10us : first_run(world, fair), 2ms);
}

}  // namespace
}  // namespace timeslice::models
