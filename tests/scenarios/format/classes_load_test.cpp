// Scheduling classes, their limits, and what disturbs the CPUs, as scenarios write them.
#include <gtest/gtest.h>

#include "tests/scenarios/format/loading.hpp"

namespace timeslice::scenarios {
namespace {

using namespace std::chrono_literals;
using models::SchedulingClass;

TEST(LoadClasses, of_executors_and_background_programs) {
  const Scenario read = scenario(
      "timeslice: 1\nmachine: ideal-4\nruntime: none\nos: {scheduler: linux-6.12}\n"
      "locks: {l: {inherit: on}}\n"
      "tasks: {t: [{with: l, do: [{native: 1ms}]}]}\n"
      "executors:\n"
      "  a: {kind: cpp-threads, workers: 1, class: {kind: rr, priority: 10}}\n"
      "  b: {kind: cpp-threads, workers: 1, class: {kind: deadline, runtime: 2ms, period: 10ms}}\n"
      "main: [{map: {task: t, items: 2, executor: a}}, {map: {task: t, items: 2, executor: b}}]\n"
      "background: [{task: t, class: {kind: idle}}]\n");
  EXPECT_TRUE(read.world.locks[0].inherit);
  EXPECT_EQ(read.world.executors[0].sched.kind, SchedulingClass::round_robin);
  EXPECT_EQ(read.world.executors[0].sched.priority, 10);
  EXPECT_EQ(read.world.executors[1].sched.kind, SchedulingClass::deadline);
  EXPECT_EQ(read.world.executors[1].sched.runtime, 2ms);
  EXPECT_EQ(read.world.executors[1].sched.deadline, 10ms) << "as long as the period";
  EXPECT_EQ(read.world.background[0].sched.kind, SchedulingClass::idle);
}

TEST(LoadClasses, limits_follow_the_kernel_and_may_be_written) {
  using Limit = models::RealTimeSpec::Limit;
  const auto os = [](const std::string& text) { return scenario(around(text)).world.os; };
  EXPECT_EQ(os("os: {scheduler: linux-6.6}\n").real_time.limit, Limit::throttle);
  EXPECT_EQ(os("os: {scheduler: linux-6.12}\n").real_time.limit, Limit::fair_server);
  const models::OsSpec read =
      os("os: {scheduler: linux-6.12, preemption: lazy, rt: {limit: throttle, runtime: 900ms}}\n");
  EXPECT_EQ(read.real_time.limit, Limit::throttle);
  EXPECT_EQ(read.real_time.runtime, 900ms);
  EXPECT_EQ(read.preemption, models::KernelPreemption::lazy);
  EXPECT_NE(errors(around("os: {rt: {runtime: 2s}}\n")).find("longer than its period"),
            std::string::npos);
}

TEST(LoadClasses, noise_and_cold_caches_belong_to_the_machine) {
  const Scenario read = scenario(
      "timeslice: 1\n"
      "machine: {cores: 2, costs: {cold_refill: 5us},\n"
      "          noise: {interruptions: {every: 10ms, length: \"lognormal(30us, cv=1)\"}}}\n"
      "main: []\n");
  EXPECT_EQ(read.world.machine.interruptions.every, 10ms);
  EXPECT_EQ(read.world.machine.interruptions.length.first_ns, 30'000.0);
  EXPECT_EQ(read.world.machine.costs.cold_refill, 5us);
}

}  // namespace
}  // namespace timeslice::scenarios
