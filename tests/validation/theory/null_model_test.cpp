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

TEST(NullModel, native_work_is_shared_by_the_cpus_or_the_workers_if_fewer) {
  EXPECT_DOUBLE_EQ(null_ms(mapped({native(10ms)}, 8, ExecutorKind::threads, 4)), 40.0);
  EXPECT_DOUBLE_EQ(null_ms(mapped({native(10ms)}, 8, ExecutorKind::threads, 1)), 80.0);
}

TEST(NullModel, processes_have_no_gil_in_common) {
  EXPECT_DOUBLE_EQ(null_ms(mapped({python(10ms)}, 8, ExecutorKind::processes, 2)), 40.0);
}

TEST(NullModel, nothing_is_shorter_than_its_longest_item) {
  EXPECT_DOUBLE_EQ(null_ms(mapped({python(10ms)}, 1, ExecutorKind::processes, 2)), 10.0);
}

TEST(NullModel, waits_overlap_on_workers_and_do_not_slow_down) {
  const auto world = mapped({sleep(10ms)}, 8, ExecutorKind::threads, 4);
  EXPECT_DOUBLE_EQ(null_ms(world), 20.0);
  EXPECT_DOUBLE_EQ(null_ms(world, 1.7), 20.0);
}

TEST(NullModel, a_slow_machine_stretches_cpu_work) {
  const auto world = mapped({python(10ms)}, 4, ExecutorKind::serial, 1);
  EXPECT_DOUBLE_EQ(null_ms(world), 40.0);
  EXPECT_DOUBLE_EQ(null_ms(world, 1.5), 60.0);
}

TEST(NullModel, stages_add_up_and_what_is_submitted_overlaps_until_its_join) {
  models::WorldSpec world = mapped({native(10ms)}, 2, ExecutorKind::threads, 2);
  world.futures.emplace_back("f");
  models::SubmitStep submit;
  submit.items = 1;
  world.main = {{.what = submit}, native(10ms), {.what = models::JoinStep{}}, native(5ms)};
  EXPECT_DOUBLE_EQ(null_ms(world), 15.0);
}

}  // namespace
}  // namespace timeslice::validation
