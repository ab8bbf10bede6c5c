#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/models/world_fixture.hpp"

namespace timeslice::models {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// The one complaint about `world`: place and reason.
std::string complaint(const WorldSpec& world) {
  const std::vector<sim::Error> errors = check_world(world);
  EXPECT_EQ(errors.size(), 1U);
  if (errors.empty()) {
    return {};
  }
  EXPECT_FALSE(errors[0].advice.empty());
  return errors[0].where + ": " + errors[0].what;
}

TEST(WorldCheck, python_steps_need_an_interpreter) {
  WorldSpec world = cpp_world(1);
  world.main = numbered({python(1ms)});
  EXPECT_THAT(complaint(world), HasSubstr("main: python steps need an interpreter"));
}

TEST(WorldCheck, an_executor_fits_the_language) {
  WorldSpec world = cpp_world(1);
  add_executor(world, ExecutorKind::threads, 2);
  EXPECT_THAT(complaint(world), HasSubstr("executors.pool0: this executor is Python's"));
  world = ideal_world(1);
  add_executor(world, ExecutorKind::cpp_threads, 2);
  EXPECT_THAT(complaint(world), HasSubstr("executors.pool0: a C++ pool"));
}

TEST(WorldCheck, a_pin_names_a_cpu_that_exists) {
  WorldSpec world = ideal_world(2);
  add_executor(world, ExecutorKind::threads, 2).pin = {CpuId{5}};
  EXPECT_THAT(complaint(world), HasSubstr("pinned to CPU 5"));
}

TEST(WorldCheck, zero_workers_are_refused) {
  WorldSpec world = ideal_world(2);
  add_executor(world, ExecutorKind::threads).workers = {.kind = WorkerCount::Kind::number,
                                                        .number = 0};
  EXPECT_THAT(complaint(world), HasSubstr("0 workers cannot run a task"));
}

TEST(WorldCheck, a_task_that_reaches_itself_is_refused) {
  WorldSpec world = ideal_world(2);
  add_task(world, "a", {call(1)});
  add_task(world, "b", {call(0)});
  world.main = numbered({call(0)});
  EXPECT_THAT(complaint(world), HasSubstr("calls or hands over itself"));
}

TEST(WorldCheck, worker_processes_cannot_use_executors) {
  WorldSpec world = ideal_world(2);
  add_task(world, "inner", {python(1ms)});
  add_task(world, "outer", {map_items(2, 0, 0)});
  add_executor(world, ExecutorKind::threads, 2);
  add_executor(world, ExecutorKind::processes, 2);
  world.main = numbered({map_items(2, 1, 1)});
  EXPECT_THAT(complaint(world), HasSubstr("tasks.outer: it runs in a worker process of 'pool1'"));
}

TEST(WorldCheck, work_without_bounds_is_refused) {
  WorldSpec world = ideal_world(2);
  add_task(world, "a", {python(1ms)});
  add_executor(world, ExecutorKind::threads, 2);
  world.main = numbered({repeat(2'000'000, {map_items(6)})});
  EXPECT_THAT(complaint(world), HasSubstr("more than 1e7 items"));
}

TEST(WorldCheck, an_endless_loop_in_which_no_time_passes_is_called_that) {
  const auto loop_of = [](WorldSpec world, Steps body) {
    world.locks = {{.name = "a"}};
    add_task(world, "nothing", {});
    add_executor(world, ExecutorKind::serial);
    world.main = numbered({repeat(20'000, {repeat(20'000, std::move(body))})});
    const std::vector<sim::Error> errors = check_world(world);
    return errors.empty() ? std::string{} : errors.front().what;
  };
  const auto endless = HasSubstr("in which no time passes");
  for (const Steps& body : {Steps{with_lock(0, {})}, Steps{call(0)}, Steps{map_items(0)},
                            Steps{python(0ms)}, Steps{sleep_for(0ms)}}) {
    EXPECT_THAT(loop_of(ideal_world(2), body), endless);
  }
  EXPECT_THAT(loop_of(linux_world(2), {call(0)}), endless);
  EXPECT_THAT(loop_of(cpp_world(2), {with_lock(0, {})}), endless);
  for (const Steps& body : {Steps{with_lock(0, {})}, Steps{sleep_for(0ms)}, Steps{native(1ns)}}) {
    EXPECT_EQ(loop_of(linux_world(2), body), "") << "that takes time";
  }
  EXPECT_EQ(loop_of(ideal_world(2), {}), "") << "a loop around nothing is left out";
}

TEST(WorldCheck, windows_has_no_fork) {
  WorldSpec world = ideal_world(2);
  world.runtime.platform = Platform::windows;
  add_executor(world, ExecutorKind::processes, 2).start = StartMethod::fork;
  EXPECT_THAT(complaint(world), HasSubstr("Windows has neither fork nor forkserver"));
}

}  // namespace
}  // namespace timeslice::models
