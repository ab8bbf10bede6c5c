#include "models/python/free_threads.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/models/world_fixture.hpp"

namespace timeslice::models {
namespace {

using namespace std::chrono_literals;

/// Threads of 3.13t that each do `steps`, on as many CPUs, without collections.
WorldSpec free_world(std::uint32_t threads, Steps steps) {
  WorldSpec world = linux_world(threads);
  world.runtime.version = {.major = 3, .minor = 13};
  world.runtime.gil.enabled = false;
  world.runtime.gil.free_threading = 1.0;
  world.runtime.gil.collector.new_object_every = 0us;
  add_task(world, "work", std::move(steps));
  add_executor(world, ExecutorKind::thread_per_task);
  world.main = numbered({map_items(threads)});
  return world;
}

Step shared_python(sim::Duration duration, double shared) {
  return {.what = PythonStep{constant(duration), shared}};
}

TEST(Contention, of_one_thread_is_none) {
  EXPECT_EQ(contention(1, 0.5, 1.1).stretch(0.5), 1.0);
  EXPECT_EQ(contention(8, 0.0, 1.1).stretch(0.0), 1.0);
  EXPECT_EQ(contention(8, 0.5, 0.0).stretch(0.5), 1.0) << "switched off";
}

TEST(Contention, of_threads_that_share_everything_leaves_less_than_one_thread_does) {
  EXPECT_NEAR(contention(10, 1.0, 1.1).stretch(1.0), 11.0, 1e-9)
      << "published: 10 threads 1.1 times slower than one, not 10 times faster";
}

TEST(Contention, never_lets_the_shared_part_run_in_parallel) {
  for (const std::uint32_t threads : {2U, 4U, 16U, 64U}) {
    const double together = threads / contention(threads, 0.2, 1.0).stretch(0.2);
    EXPECT_LT(together, 1.0 / 0.2 + 1e-6) << threads;
    EXPECT_GT(together, 1.0) << threads;
  }
}

TEST(FreeThreads, that_share_nothing_run_in_parallel) {
  const Timings timings = run_world(free_world(4, {python(100ms)}));
  EXPECT_NEAR(in_ms(timings.makespan), 100.0, 1.0);
}

TEST(FreeThreads, that_share_everything_are_slower_than_one) {
  const Timings timings = run_world(free_world(10, {shared_python(10ms, 1.0)}));
  EXPECT_NEAR(in_ms(timings.makespan), 1.1 * 10 * 10.0, 5.0);
}

TEST(FreeThreads, queue_only_while_others_touch_the_same) {
  // The second thread comes when the first is half through, and is then alone for its last part.
  WorldSpec world = free_world(2, {shared_python(10ms, 1.0)});
  world.futures = {"f"};
  world.main = numbered({submit(1), sleep_for(5ms), submit(1), join()});
  EXPECT_NEAR(in_ms(run_world(world).makespan), 5.0 + 2.2 * 5.0 + 5.0, 0.5);
}

TEST(FreeThreads, queue_for_no_more_cpus_than_there_are) {
  WorldSpec world = free_world(2, {shared_python(10ms, 0.5)});
  world.machine = linux_world(1).machine;
  EXPECT_NEAR(in_ms(run_world(world).makespan), 20.0, 1.0) << "on one CPU nobody is disturbed";
}

TEST(FreeThreads, pay_for_their_build_by_version) {
  WorldSpec world = free_world(1, {python(100ms)});
  world.runtime.gil.free_threading.reset();
  EXPECT_NEAR(in_ms(run_world(world).makespan), 140.0, 1.0) << "3.13";
  world.runtime.version.minor = 14;
  EXPECT_NEAR(in_ms(run_world(world).makespan), 110.0, 1.0);
  world.runtime.gil.enabled = true;
  world.runtime.gil.free_threaded_build = true;
  EXPECT_NEAR(in_ms(run_world(world).makespan), 110.0, 1.0) << "PYTHON_GIL=1 changes no bytecode";
}

TEST(FreeThreads, stop_twice_a_collection) {
  WorldSpec world = free_world(4, {python(50ms)});
  world.runtime.gil.collector = {.new_object_every = 10us, .objects = 10'000, .per_object = 100ns};
  const Timings timings = run_world(world);
  // A collection every 2500 objects, counted in parts of 512: 25.6 to 30.7 ms of bytecode.
  const double pauses = metric(timings, "gc_pauses");
  EXPECT_GE(pauses, 2 * 6);
  EXPECT_LE(pauses, 2 * 7);
  EXPECT_NEAR(metric(timings, "gc_paused") / 1e6, pauses / 2, 0.1 * pauses) << "1 ms each";
  EXPECT_NEAR(in_ms(timings.makespan), 50.0 + pauses / 2, 1.0) << "nobody works meanwhile";
}

/// One thread collects often; another does `steps` first.
sim::Duration paused_beside(Steps steps) {
  WorldSpec world = free_world(2, {python(20ms)});
  world.runtime.gil.collector = {.new_object_every = 1us, .objects = 1, .per_object = 0ns};
  world.futures = {"f"};
  steps.insert(steps.begin(), submit(1));
  steps.push_back(join());
  world.main = numbered(steps);
  return sim::Duration{static_cast<std::int64_t>(metric(run_world(world), "gc_paused"))};
}

TEST(FreeThreads, that_run_c_code_without_detaching_keep_all_others_waiting) {
  EXPECT_GT(paused_beside({native(15ms, true)}), 9ms);
  EXPECT_LT(paused_beside({native(15ms)}), 1ms) << "who is detached is not waited for";
  EXPECT_LT(paused_beside({python(15ms)}), 1ms) << "bytecode has check points";
}

TEST(FreeThreads, cannot_come_back_while_the_world_is_stopped) {
  WorldSpec world = free_world(2, {python(3ms)});
  world.runtime.gil.collector = {.new_object_every = 1us, .objects = 1000, .per_object = 20us};
  world.futures = {"f"};
  world.main = numbered({submit(1), native(4ms), python(1us), join()});
  const Timings timings = run_world(world);
  EXPECT_GT(in_ms(timings.makespan), 3.0 + 20.0);
  EXPECT_GT(metric(timings, "gc_pauses"), 0.0);
}

TEST(FreeThreads, carry_a_warning_that_says_what_is_left_out) {
  using testing::HasSubstr;
  const Timings quiet = run_world(free_world(2, {python(1ms)}));
  ASSERT_EQ(quiet.warnings.size(), 1U);
  EXPECT_THAT(quiet.warnings[0], HasSubstr("never validated"));
  EXPECT_THAT(quiet.warnings[0], HasSubstr("not to disturb each other"));
  const Timings shared = run_world(free_world(2, {shared_python(1ms, 0.1)}));
  EXPECT_THAT(shared.warnings[0], Not(HasSubstr("not to disturb each other")));
}

TEST(FreeThreads, before_3_13_are_a_what_if_that_costs_nothing) {
  WorldSpec world = free_world(2, {python(500ms)});
  world.runtime.version.minor = 11;
  world.runtime.gil.collector = {};
  EXPECT_EQ(metric(run_world(world), "gc_pauses"), 0.0);
}

}  // namespace
}  // namespace timeslice::models
