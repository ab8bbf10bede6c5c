#include "validation/theory/null_model.hpp"

#include <gtest/gtest.h>

#include "tests/validation/small_world.hpp"

namespace timeslice::validation {
namespace {

using namespace std::chrono_literals;
using models::ExecutorKind;

double null_ms(const models::WorldSpec& world, double slowness = 1.0) {
  return null_model(world, expand(world, 1), slowness).makespan_ns / 1e6;
}

TEST(NullModel, bytecode_of_threads_runs_one_after_the_other) {
  EXPECT_DOUBLE_EQ(null_ms(mapped({python(10ms)}, 8, ExecutorKind::threads, 4)), 80.0);
}

TEST(NullModel, native_work_is_shared_by_the_cpus_whatever_the_workers) {
  EXPECT_DOUBLE_EQ(null_ms(mapped({native(10ms)}, 8, ExecutorKind::threads, 4)), 40.0);
  EXPECT_DOUBLE_EQ(null_ms(mapped({native(10ms)}, 8, ExecutorKind::threads, 1)), 40.0);
}

TEST(NullModel, processes_have_no_gil_in_common) {
  EXPECT_DOUBLE_EQ(null_ms(mapped({python(10ms)}, 8, ExecutorKind::processes, 2)), 40.0);
}

TEST(NullModel, nothing_is_shorter_than_its_longest_item) {
  EXPECT_DOUBLE_EQ(null_ms(mapped({python(10ms)}, 1, ExecutorKind::processes, 2)), 10.0);
}

TEST(NullModel, waits_overlap_without_bound_and_do_not_slow_down) {
  const auto world = mapped({sleep(10ms), python(1ms)}, 8, ExecutorKind::threads, 2);
  EXPECT_DOUBLE_EQ(null_ms(world), 11.0) << "the longest task; the bytecode is 8 ms";
  EXPECT_DOUBLE_EQ(null_ms(world, 2.0), 16.0) << "the bytecode; the longest task is 12 ms";
}

TEST(NullModel, a_slow_machine_stretches_cpu_work) {
  const auto world = mapped({python(10ms)}, 4, ExecutorKind::serial, 1);
  EXPECT_DOUBLE_EQ(null_ms(world), 40.0);
  EXPECT_DOUBLE_EQ(null_ms(world, 1.5), 60.0);
}

TEST(NullModel, main_is_a_task_like_any_other) {
  models::WorldSpec world = mapped({native(10ms)}, 2, ExecutorKind::threads, 2);
  world.main.push_back(native(4ms));
  EXPECT_DOUBLE_EQ(null_ms(world), 12.0) << "24 ms of work on 2 CPUs";
  world.main.push_back(sleep(30ms));
  EXPECT_DOUBLE_EQ(null_ms(world), 34.0) << "main alone";
}

TEST(NullModel, what_runs_serially_runs_in_main) {
  EXPECT_DOUBLE_EQ(null_ms(mapped({native(10ms)}, 4, ExecutorKind::serial, 1)), 40.0);
}

}  // namespace
}  // namespace timeslice::validation
