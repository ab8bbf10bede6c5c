// asyncio.timeout: what is given up, when, and what goes on all the same. Costs are zero unless a
// test says so, so times are exact.
#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "tests/models/aio/aio_fixture.hpp"

namespace timeslice::models {
namespace {

using namespace std::chrono_literals;

/// An ideal world with a loop (executor 0) and a pool of `threads` (executor 1).
WorldSpec loop_on_two_cores(std::uint32_t threads = 4) {
  WorldSpec world = ideal_world(2);
  add_loop_and_threads(world, threads);
  return world;
}

/// Makespan of one coroutine that does `steps`.
sim::Duration time_of(Steps steps) {
  WorldSpec world = loop_on_two_cores();
  add_task(world, "one", std::move(steps));
  world.main = numbered({gather(1)});
  return run_world(world).makespan;
}

bool has(const Timings& timings, const std::string& name) {
  return std::ranges::any_of(timings.metrics, [&](const Metric& one) { return one.name == name; });
}

TEST(Timeout, a_sleep_or_a_device_is_given_up_and_the_coroutine_goes_on) {
  EXPECT_EQ(time_of({give_up_after(3ms, {await_sleep(1s)}), await_sleep(2ms)}), 5ms);
  EXPECT_EQ(time_of({give_up_after(3ms, {await_io(1s)}), await_io(1500us)}), 4500us);
}

TEST(Timeout, the_steps_behind_what_was_given_up_are_not_done) {
  EXPECT_EQ(time_of({give_up_after(
                3ms, {repeat(5, {await_sleep(2ms), await_io(2ms)}), await_sleep(50ms)})}),
            3ms);
}

TEST(Timeout, work_that_ends_in_time_is_not_touched) {
  WorldSpec world = loop_on_two_cores();
  add_task(world, "one", {give_up_after(50ms, {await_sleep(2ms)}), await_sleep(2ms)});
  world.main = numbered({gather(3)});
  const Timings timings = run_world(world);
  EXPECT_EQ(timings.makespan, 4ms);
  EXPECT_EQ(metric(timings, "tasks_done"), 3.0);
  EXPECT_FALSE(has(timings, "timeouts"));
}

TEST(Timeout, blocking_code_is_not_interrupted) {
  // It is cancelled at the await that comes after the blocking call, once the loop turns again.
  EXPECT_EQ(time_of({give_up_after(3ms, {sleep_for(20ms), await_sleep(5ms)})}), 20ms);
  EXPECT_EQ(time_of({give_up_after(3ms, {sleep_for(20ms)}), await_sleep(5ms)}), 25ms)
      << "there is no await in it";
}

TEST(Timeout, expirations_are_counted_and_the_tasks_are_done) {
  WorldSpec world = loop_on_two_cores();
  add_task(world, "one", {give_up_after(3ms, {await_sleep(10ms)})});
  world.main = numbered({gather(7)});
  const Timings timings = run_world(world);
  EXPECT_EQ(metric(timings, "timeouts", "pool0"), 7.0);
  EXPECT_EQ(metric(timings, "tasks_done"), 7.0);
}

TEST(Timeout, gathered_tasks_are_cancelled_with_the_one_that_gathers) {
  WorldSpec world = loop_on_two_cores();
  add_task(world, "child", {await_sleep(1s)});
  add_task(world, "quick", {await_sleep(1ms)});
  add_task(world, "parent", {give_up_after(3ms, {submit(2, 1), gather(10, 0, {})}), join()});
  world.futures = {"f"};
  world.main = numbered({gather(1, 2)});
  const Timings timings = run_world(world);
  EXPECT_EQ(timings.makespan, 3ms);
  EXPECT_EQ(metric(timings, "tasks_done"), 3.0) << "the parent and the quick ones";
  EXPECT_EQ(metric(timings, "timeouts", "pool0"), 1.0);
}

TEST(Timeout, a_task_that_is_awaited_is_cancelled_and_others_are_not) {
  WorldSpec world = loop_on_two_cores();
  add_task(world, "child", {await_sleep(8ms)});
  add_task(
      world, "parent",
      {submit(2), give_up_after(3ms, {join()}), await_sleep(1ms), give_up_after(9ms, {join()})});
  world.futures = {"f"};
  world.main = numbered({gather(1, 1)});
  const Timings timings = run_world(world);
  EXPECT_EQ(timings.makespan, 8ms) << "the second child sleeps on";
  EXPECT_EQ(metric(timings, "tasks_done"), 2.0);
}

TEST(Timeout, a_call_in_a_thread_goes_on_unheard_and_one_in_the_queue_is_never_begun) {
  WorldSpec world = loop_on_two_cores(1);
  add_task(world, "blocking", {sleep_for(20ms)});
  add_task(world, "impatient", {give_up_after(3ms, {await_task(0, 1)})});
  world.main = numbered({gather(4, 1)});
  const Timings timings = run_world(world);
  EXPECT_EQ(metric(timings, "task_latency_p99", "impatient"), 3e6);
  EXPECT_EQ(timings.makespan, 20ms) << "the pool's shutdown waits for the call that had begun";
  EXPECT_EQ(metric(timings, "tasks_done"), 5.0);
}

TEST(Timeout, gathered_calls_in_threads_are_given_up_together) {
  WorldSpec world = loop_on_two_cores(2);
  add_task(world, "blocking", {sleep_for(20ms)});
  add_task(world, "impatient", {give_up_after(30ms, {gather(10, 0, 1)})});
  world.main = numbered({gather(1, 1)});
  const Timings timings = run_world(world);
  EXPECT_EQ(metric(timings, "task_latency_p99", "impatient"), 30e6);
  EXPECT_EQ(timings.makespan, 40ms);
  EXPECT_EQ(metric(timings, "tasks_done"), 5.0) << "four calls had begun";
}

TEST(Timeout, of_nested_ones_the_one_that_expires_catches) {
  EXPECT_EQ(
      time_of({give_up_after(30ms, {give_up_after(3ms, {await_sleep(1s)}), await_sleep(9ms)})}),
      12ms);
  EXPECT_EQ(
      time_of({give_up_after(3ms, {give_up_after(30ms, {await_sleep(1s)}), await_sleep(9ms)})}),
      3ms);
  EXPECT_EQ(
      time_of({give_up_after(3ms, {give_up_after(3ms, {await_sleep(1s)}), await_sleep(9ms)})}), 3ms)
      << "both expire in one turn: the inner one does not keep the outer's cancellation";
}

TEST(Timeout, a_lock_is_given_back) {
  WorldSpec world = loop_on_two_cores();
  world.locks = {{.name = "lock"}};
  add_task(
      world, "one",
      {give_up_after(3ms, {with_lock(0, {await_sleep(1s)})}), with_lock(0, {await_sleep(1ms)})});
  world.main = numbered({gather(1)});
  EXPECT_EQ(run_world(world).makespan, 4ms);
}

TEST(Timeout, a_cancelled_timer_wakes_nobody) {
  // Else the selector would end its wait at 10 ms and round the rest, 1.4 ms, up from there.
  EXPECT_EQ(time_of({give_up_after(10ms, {await_sleep(1ms)}), await_sleep(10400us)}), 12ms);
  WorldSpec world = loop_on_two_cores();
  add_task(world, "one", {give_up_after(1s, {await_sleep(1ms)})});
  world.main = numbered({gather(1000)});
  EXPECT_EQ(run_world(world).makespan, 1ms) << "also where many were cancelled";
}

TEST(Timeout, zero_gives_up_at_the_first_await) {
  EXPECT_EQ(time_of({give_up_after(0ns, {python(2ms), await_sleep(50ms)})}), 2ms);
}

TEST(Timeout, costs_something) {
  WorldSpec world = loop_on_two_cores();
  world.runtime.costs.loop.timeout = 10us;
  world.runtime.costs.loop.cancel = 100us;
  add_task(world, "one", {give_up_after(3ms, {await_sleep(1s)})});
  world.main = numbered({gather(1)});
  EXPECT_EQ(run_world(world).makespan, 3110us) << "entered, waited, given up";
  world.tasks[0].steps = numbered({give_up_after(3ms, {await_io(1ms)})});
  EXPECT_EQ(run_world(world).makespan, 1010us);
}

TEST(Timeout, before_it_existed_the_result_says_so) {
  WorldSpec world = loop_on_two_cores();
  world.runtime.version = {.major = 3, .minor = 10};
  add_task(world, "one", {give_up_after(3ms, {await_sleep(1s)})});
  world.main = numbered({gather(1)});
  const Timings timings = run_world(world);
  EXPECT_TRUE(std::ranges::any_of(timings.warnings, [](const std::string& warning) {
    return warning.find("asyncio.timeout") != std::string::npos;
  }));
}

}  // namespace
}  // namespace timeslice::models
