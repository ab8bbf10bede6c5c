#include "models/class_check.hpp"

#include <gtest/gtest.h>

namespace timeslice::models {
namespace {

using namespace std::chrono_literals;

/// Two CPUs and one executor of this class.
WorldSpec world_with(const ClassSpec& sched, std::uint32_t workers = 1) {
  WorldSpec world;
  world.machine.cores.resize(2);
  world.machine.cpus = {{.core = CoreId{0}}, {.core = CoreId{1}}};
  ExecutorSpec executor;
  executor.name = "pool";
  executor.kind = ExecutorKind::cpp_threads;
  executor.workers = {.kind = WorkerCount::Kind::number, .number = workers};
  executor.sched = sched;
  world.executors.push_back(executor);
  return world;
}

ClassSpec reserved(sim::Duration runtime, sim::Duration period) {
  return {
      .kind = SchedulingClass::deadline, .runtime = runtime, .deadline = period, .period = period};
}

TEST(ClassCheck, admits_reservations_up_to_95_percent_of_the_cpus) {
  EXPECT_TRUE(check_classes(world_with(reserved(95ms, 100ms), 2)).empty());
  const auto errors = check_classes(world_with(reserved(96ms, 100ms), 2));
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_EQ(errors[0].what,
            "deadline threads reserve 1.92 CPUs, and Linux admits 1.90 on this machine");
}

TEST(ClassCheck, refuses_parameters_of_another_class) {
  EXPECT_EQ(check_classes(world_with({.priority = 3})).size(), 1U);
  EXPECT_EQ(check_classes(world_with({.kind = SchedulingClass::fifo, .priority = 3, .period = 1s}))
                .size(),
            1U);
}

TEST(ClassCheck, refuses_deadline_threads_in_a_group_bound_to_some_cpus) {
  WorldSpec world = world_with(reserved(20ms, 100ms));
  world.os.groups = {{.name = "app", .cpus = {CpuId{0}}}};
  EXPECT_TRUE(check_classes(world).empty()) << "it is in no group";
  world.executors[0].group = GroupId{1};
  EXPECT_EQ(check_classes(world).size(), 1U);
}

TEST(ClassCheck, knows_who_may_have_a_slice_of_its_own) {
  EXPECT_TRUE(check_classes(world_with({.slice = 3ms})).empty());
  EXPECT_EQ(check_classes(world_with({.kind = SchedulingClass::fifo, .priority = 1, .slice = 3ms}))
                .size(),
            1U);
  WorldSpec world = world_with({.slice = 3ms});
  world.os.policy.kind = PolicyKind::cfs;
  EXPECT_EQ(check_classes(world).size(), 1U);
}

TEST(ClassCheck, asks_for_the_parameters_of_a_class) {
  EXPECT_TRUE(check_classes(world_with({})).empty());
  EXPECT_TRUE(check_classes(world_with({.kind = SchedulingClass::fifo, .priority = 1})).empty());
  EXPECT_EQ(check_classes(world_with({.kind = SchedulingClass::fifo})).size(), 1U);
  EXPECT_EQ(check_classes(world_with({.kind = SchedulingClass::deadline})).size(), 1U);
  EXPECT_EQ(check_classes(world_with(reserved(1us, 50us))).size(), 1U) << "below 100 us";
  EXPECT_EQ(check_classes(world_with(reserved(1ms, 5s))).size(), 1U) << "above 4.19 s";
}

TEST(ClassCheck, refuses_classes_where_there_are_none) {
  WorldSpec world = world_with({.kind = SchedulingClass::batch});
  world.os = ideal_os();
  EXPECT_EQ(check_classes(world).size(), 1U);
}

TEST(ClassCheck, refuses_bound_deadline_threads) {
  WorldSpec world = world_with(reserved(1ms, 10ms));
  world.executors[0].pin = {CpuId{0}};
  EXPECT_EQ(check_classes(world).size(), 1U);
}

}  // namespace
}  // namespace timeslice::models
