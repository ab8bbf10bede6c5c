// Groups in a whole world: who is in them, what they may use, and what is reported of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/models/world_fixture.hpp"

namespace timeslice::models {
namespace {

using namespace std::chrono_literals;

WorldSpec contained(ExecutorKind kind) {
  WorldSpec world = linux_world(8);
  world.os.groups = {{.name = "pod"},
                     {.name = "app",
                      .parent = GroupId{1},
                      .quota = CpuQuota{.quota = 100ms},
                      .cpus = {CpuId{5}, CpuId{2}}}};
  world.os.program_group = GroupId{2};
  add_task(world, "item", {python(20ms)});
  add_executor(world, kind, 4);
  world.main = numbered({map_items(40)});
  return world;
}

TEST(GroupsInTheWorld, hold_main_and_all_that_it_starts) {
  for (const ExecutorKind kind : {ExecutorKind::threads, ExecutorKind::processes,
                                  ExecutorKind::thread_per_task, ExecutorKind::process_per_task}) {
    const Timings timings = run_world(contained(kind), 1);
    ASSERT_EQ(timings.status, RunStatus::ok);
    EXPECT_NEAR(metric(timings, "group_cpu_time", "app"), metric(timings, "cpu_time", ""), 1.0);
    EXPECT_NEAR(metric(timings, "group_cpu_time", "pod"), metric(timings, "cpu_time", ""), 1.0);
    for (const char* cpu : {"0", "1", "3", "4", "6", "7"}) {
      EXPECT_EQ(metric(timings, "cpu_utilization", cpu), 0.0) << "outside of the CPU set";
    }
  }
}

TEST(GroupsInTheWorld, report_their_quota) {
  const Timings timings = run_world(contained(ExecutorKind::processes), 1);
  const double elapsed_ns = static_cast<double>(timings.makespan.count());
  const double used_ns = metric(timings, "group_cpu_time", "app");
  EXPECT_GE(used_ns, 800e6);
  EXPECT_LE(used_ns, elapsed_ns + 100e6 + 8e6) << "one CPU, the first pool and two ticks";
  const double periods = metric(timings, "quota_periods", "app");
  EXPECT_NEAR(periods, elapsed_ns / 100e6, 1.5);
  EXPECT_LE(metric(timings, "quota_throttled", "app"), periods);
  EXPECT_GE(metric(timings, "throttled_time", "app"), 0.5 * elapsed_ns) << "of two CPUs";
}

TEST(GroupsInTheWorld, sessions_share_equally_and_are_made_once) {
  WorldSpec world = linux_world(1);
  world.os.autogroup = true;
  world.runtime.language = Language::none;
  add_task(world, "burn", {native(1s)});
  world.background = {{.task = TaskIndex{0}, .threads = 3}};
  world.main = numbered({native(1s)});
  const WorldSpec sessions = with_sessions(world);
  ASSERT_EQ(sessions.os.groups.size(), 2U);
  EXPECT_EQ(with_sessions(sessions).os.groups.size(), 2U);
  EXPECT_NEAR(static_cast<double>(run_world(sessions, 1).makespan.count()), 2e9, 0.02e9);
  EXPECT_NEAR(static_cast<double>(run_world(world, 1).makespan.count()), 4e9, 0.04e9)
      << "without groups the four threads are equals";
}

TEST(GroupsInTheWorld, that_cannot_be_are_refused) {
  const auto first_error = [](const WorldSpec& world) {
    const std::vector<sim::Error> errors = check_world(world);
    return errors.empty() ? std::string{} : errors.front().what;
  };
  EXPECT_EQ(first_error(contained(ExecutorKind::threads)), "");
  WorldSpec world = contained(ExecutorKind::threads);
  world.os.groups[0].cpus = {CpuId{1}};
  EXPECT_THAT(first_error(world), ::testing::HasSubstr("none in common"));
  world = contained(ExecutorKind::threads);
  world.os.groups[0].cpus = {CpuId{8}};
  EXPECT_THAT(first_error(world), ::testing::HasSubstr("no CPU 8"));
  world = contained(ExecutorKind::threads);
  world.executors[0].pin = {CpuId{2}, CpuId{3}};
  EXPECT_THAT(first_error(world), ::testing::HasSubstr("its group may not use"));
  world = contained(ExecutorKind::threads);
  world.os.program_group = GroupId{3};
  EXPECT_THAT(first_error(world), ::testing::HasSubstr("its group does not exist"));
}

}  // namespace
}  // namespace timeslice::models
