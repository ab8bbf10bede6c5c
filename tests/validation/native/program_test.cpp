#include "validation/native/program.hpp"

#include <gtest/gtest.h>

#include "models/work/draws.hpp"
#include "sim/random.hpp"
#include "tests/validation/small_world.hpp"

namespace timeslice::validation {
namespace {

using namespace std::chrono_literals;
using models::ExecutorKind;

Step random_python() {
  return {.what = models::PythonStep{{.kind = models::DistributionKind::exponential,
                                      .first_ns = 1e6,
                                      .second = 0.0,
                                      .values_ns = {}}}};
}

TEST(NativeProgram, items_that_are_alike_share_a_program) {
  const NativeProgram program =
      expand(mapped({python(1ms), sleep(2ms)}, 100, ExecutorKind::threads, 2), 1);
  ASSERT_EQ(program.batches.size(), 1U);
  EXPECT_EQ(program.batches[0].items.size(), 100U);
  ASSERT_EQ(program.programs.size(), 1U);
  EXPECT_EQ(program.programs[0], (Instructions{{.op = Op::python, .argument = 1'000'000},
                                               {.op = Op::sleep, .argument = 2'000'000}}));
  EXPECT_EQ(program.main, (Instructions{{.op = Op::map, .argument = 0}}));
}

TEST(NativeProgram, draws_are_those_of_the_simulation) {
  const NativeProgram program = expand(mapped({random_python()}, 5, ExecutorKind::threads, 2), 42);
  const sim::Random random{42};
  for (std::uint32_t item = 0; item < 5; ++item) {
    const double drawn =
        1e6 *
        random.exponential({.task = models::task_key("task"), .item = item, .step = 0, .count = 0});
    const Instructions& one = program.programs[program.batches[0].items[item]];
    EXPECT_NEAR(static_cast<double>(one.at(0).argument), drawn, 0.5);
  }
}

TEST(NativeProgram, another_executor_gets_the_same_work) {
  const auto threads = expand(mapped({random_python()}, 50, ExecutorKind::threads, 2), 7);
  const auto processes = expand(mapped({random_python()}, 50, ExecutorKind::processes, 1), 7);
  EXPECT_EQ(threads.programs, processes.programs);
  EXPECT_EQ(threads.batches[0].items, processes.batches[0].items);
}

TEST(NativeProgram, each_turn_of_a_loop_draws_anew_and_locks_enclose_their_body) {
  models::WorldSpec world = mapped(
      {{.what =
            models::RepeatStep{
                .times = 3,
                .body = {{.what = models::WithStep{.lock = {}, .body = {random_python()}}}}}}},
      1, ExecutorKind::threads, 1);
  world.locks.push_back({.name = "lock"});
  const NativeProgram program = expand(world, 3);
  const Instructions& one = program.programs.at(0);
  ASSERT_EQ(one.size(), 9U);
  EXPECT_EQ(one[0].op, Op::lock);
  EXPECT_EQ(one[2].op, Op::unlock);
  EXPECT_NE(one[1].argument, one[4].argument);
  EXPECT_NE(one[4].argument, one[7].argument);
}

TEST(NativeProgram, a_yield_is_an_operation_of_its_own) {
  const NativeProgram program = expand(
      mapped({{.what = models::YieldStep{}}, native(1ms)}, 1, ExecutorKind::cpp_threads, 1), 1);
  EXPECT_EQ(program.programs.at(0), (Instructions{{.op = Op::yield, .argument = 0},
                                                  {.op = Op::native, .argument = 1'000'000}}));
}

TEST(NativeProgram, one_branch_is_chosen_in_proportion) {
  models::ChooseStep choose;
  choose.choices.push_back({.probability = 0.25, .body = {python(1ms)}});
  choose.choices.push_back({.probability = 0.50, .body = {native(1ms)}});
  const NativeProgram program =
      expand(mapped({{.what = choose}}, 4000, ExecutorKind::serial, 1), 9);
  const WorkTotals sum = totals(program);
  EXPECT_NEAR(sum.python / 1e6, 1000.0, 100.0);
  EXPECT_NEAR(sum.native / 1e6, 2000.0, 130.0);
}

TEST(NativeProgram, the_next_map_goes_on_counting_items) {
  models::WorldSpec world = mapped({random_python()}, 3, ExecutorKind::serial, 1);
  world.main.push_back(world.main.front());
  const NativeProgram twice = expand(world, 5);
  const NativeProgram once = expand(mapped({random_python()}, 6, ExecutorKind::serial, 1), 5);
  EXPECT_EQ(twice.programs, once.programs);
}

}  // namespace
}  // namespace timeslice::validation
