// Groups with cpu.idle: to those beside them they are as SCHED_IDLE.
#include <gtest/gtest.h>

#include "tests/models/os/os_bench.hpp"

namespace timeslice::models {
namespace {

using namespace std::chrono_literals;
using os_bench::compute;
using os_bench::quiet_os;
using os_bench::small_machine;
using os_bench::World;

OsSpec with_idle_group(PolicyKind kind) {
  OsSpec os = quiet_os(kind, 3ms);
  os.groups = {{.name = "scavengers", .idle = true}, {.name = "more", .idle = true}};
  return os;
}

double share(World& world, ThreadId thread, sim::Duration whole) {
  const auto used = world.dispatcher.accounts(thread).cpu_time.count();
  return static_cast<double>(used) / static_cast<double>(whole.count());
}

TEST(IdleGroup, gets_three_parts_of_1027_whatever_its_threads_are) {
  for (const PolicyKind kind : {PolicyKind::eevdf, PolicyKind::cfs}) {
    World world{small_machine(1), with_idle_group(kind)};
    const ThreadId inside = world.add({.group = GroupId{1}, .nice = -10});
    const ThreadId outside = world.add();
    world.start(inside, compute(world, inside, 1000s));
    world.start(outside, compute(world, outside, 1000s));
    world.run_until(60s);
    EXPECT_NEAR(share(world, inside, 60s), 3.0 / 1027.0, 0.0006) << static_cast<int>(kind);
  }
}

TEST(IdleGroup, shares_equally_with_another_and_takes_all_when_nobody_else_is_there) {
  for (const PolicyKind kind : {PolicyKind::eevdf, PolicyKind::cfs}) {
    World world{small_machine(1), with_idle_group(kind)};
    const ThreadId one = world.add({.group = GroupId{1}, .nice = 5});
    const ThreadId other = world.add({.group = GroupId{2}});
    world.start(one, compute(world, one, 1000s));
    world.start(other, compute(world, other, 1000s));
    world.run_until(10s);
    EXPECT_NEAR(share(world, one, 10s), 0.5, 0.002) << static_cast<int>(kind);
  }
}

Program nap_and_work(World& world, ThreadId thread, sim::Duration* worst) {
  for (int i = 0; i < 200; ++i) {
    const sim::Duration asleep = 5ms;
    const sim::Duration begin = world.now();
    static_cast<void>(co_await world.dispatcher.sleep(thread, asleep));
    co_await world.work(thread, 100us);
    *worst = std::max(*worst, world.now() - begin - asleep - 100us);
  }
}

TEST(IdleGroup, is_preempted_by_everybody_at_once_and_preempts_nobody) {
  for (const PolicyKind kind : {PolicyKind::eevdf, PolicyKind::cfs}) {
    OsSpec os = with_idle_group(kind);
    os.policy.protect = Protection::deadline;
    World world{small_machine(1), os};
    sim::Duration worst{};
    const ThreadId inside = world.add({.group = GroupId{1}});
    const ThreadId sleeper = world.add();
    world.start(inside, compute(world, inside, 1000s));
    world.start(sleeper, nap_and_work(world, sleeper, &worst));
    world.run_until(500ms);
    EXPECT_EQ(worst, 0us) << static_cast<int>(kind);
  }
}

TEST(IdleGroup, is_for_fair_policies_only) {
  OsSpec os = with_idle_group(PolicyKind::round_robin);
  ASSERT_TRUE(unsupported(os).has_value());
  EXPECT_EQ(unsupported(os)->where, "os.groups.scavengers.cpu_idle");
  EXPECT_FALSE(unsupported(with_idle_group(PolicyKind::cfs)).has_value());
}

}  // namespace
}  // namespace timeslice::models
