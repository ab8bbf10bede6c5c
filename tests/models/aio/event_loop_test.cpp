// What a single loop does: order, timers, executors, lag. Costs are zero unless a test says so, so
// times are exact.
#include <gtest/gtest.h>

#include "models/trace_kinds.hpp"
#include "tests/models/aio/aio_fixture.hpp"

namespace timeslice::models {
namespace {

using namespace std::chrono_literals;

/// An ideal world with a loop (executor 0) and a pool of `threads` (executor 1).
WorldSpec loop_world(std::uint32_t cores, std::uint32_t threads = 4) {
  WorldSpec world = ideal_world(cores);
  add_loop_and_threads(world, threads);
  return world;
}

TEST(EventLoop, coroutines_sleep_at_the_same_time) {
  WorldSpec world = loop_world(1);
  add_task(world, "nap", {await_sleep(10ms)});
  world.main = numbered({gather(1000)});
  EXPECT_EQ(run_world(world).makespan, 10ms);
}

TEST(EventLoop, a_blocking_sleep_keeps_the_loop_from_all_others) {
  WorldSpec world = loop_world(4);
  add_task(world, "nap", {sleep_for(10ms)});
  world.main = numbered({gather(20)});
  EXPECT_EQ(run_world(world).makespan, 200ms);
}

TEST(EventLoop, the_selector_waits_for_whole_milliseconds) {
  WorldSpec world = loop_world(1);
  add_task(world, "nap", {await_sleep(1200us)});
  world.main = numbered({gather(1)});
  EXPECT_EQ(run_world(world).makespan, 2ms);
}

TEST(EventLoop, a_device_is_not_rounded) {
  WorldSpec world = loop_world(1);
  add_task(world, "read", {await_io(1200us)});
  world.main = numbered({gather(3)});
  EXPECT_EQ(run_world(world).makespan, 1200us);
}

TEST(EventLoop, a_device_that_comes_first_ends_the_wait_for_a_timer) {
  WorldSpec world = loop_world(1);
  add_task(world, "nap", {await_sleep(5ms)});
  add_task(world, "read", {await_io(1500us), python(100us), await_io(200us)});
  add_task(world, "outer", {submit(1, 0), gather(1, 1, {}), join()});
  world.futures = {"f"};
  world.main = numbered({gather(1, 2)});
  WorldOptions options;
  options.keep_tasks = true;
  const Timings timings = run_world(world, 1, options);
  // At 1.8 ms the timer has 3.2 ms left, for which the selector waits 4 ms.
  EXPECT_EQ(timings.makespan, 5800us);
  for (const TaskTiming& task : timings.tasks) {
    if (task.task == "read") {
      EXPECT_EQ(task.finished.time_since_epoch(), 1800us);
    }
  }
}

TEST(EventLoop, a_blocking_call_delays_a_timer_until_it_returns) {
  WorldSpec world = loop_world(2);
  add_task(world, "tick", {repeat(20, {await_sleep(1ms)})});
  add_task(world, "rude", {await_sleep(5ms), io(50ms)});
  add_task(world, "outer", {submit(1, 1), gather(1, 0, {}), join()});
  world.futures = {"f"};
  world.main = numbered({gather(1, 2)});
  const Timings timings = run_world(world);
  EXPECT_NEAR(metric(timings, "loop_lag_max", "pool0"), 50e6, 0.01 * 50e6);
  EXPECT_EQ(metric(timings, "loop_lag_p50", "pool0"), 0.0);
}

TEST(EventLoop, a_coroutine_that_yields_lets_each_other_one_go_first) {
  // Two that yield after each piece of work end together; without a yield one ends before.
  WorldSpec world = loop_world(1);
  add_task(world, "polite", {repeat(10, {python(1ms), await_sleep(0ns)})});
  world.main = numbered({gather(2)});
  WorldOptions options;
  options.keep_tasks = true;
  const Timings polite = run_world(world, 1, options);
  ASSERT_EQ(polite.tasks.size(), 2U);
  EXPECT_EQ(polite.makespan, 20ms);
  EXPECT_EQ(polite.tasks[0].finished, polite.tasks[1].finished);

  world.tasks[0].steps = numbered({repeat(10, {python(1ms)})});
  const Timings rude = run_world(world, 1, options);
  EXPECT_EQ(rude.makespan, 20ms);
  EXPECT_EQ(rude.tasks[0].finished.time_since_epoch(), 10ms);
}

TEST(EventLoop, tasks_start_in_the_order_in_which_they_were_created) {
  WorldSpec world = loop_world(1);
  add_task(world, "work", {python(1ms)});
  world.main = numbered({gather(5)});
  WorldOptions options;
  options.keep_tasks = true;
  const Timings timings = run_world(world, 1, options);
  ASSERT_EQ(timings.tasks.size(), 5U);
  for (std::size_t i = 0; i < timings.tasks.size(); ++i) {
    EXPECT_EQ(timings.tasks[i].started.time_since_epoch(), i * 1ms);
  }
}

TEST(EventLoop, to_thread_frees_the_loop_as_far_as_there_are_threads) {
  WorldSpec world = loop_world(2, 6);
  add_task(world, "block", {sleep_for(10ms)});
  add_task(world, "request", {await_task(0, 1)});
  for (const auto& [items, turns] : {std::pair{6, 1}, std::pair{12, 2}, std::pair{60, 10}}) {
    world.main = numbered({gather(static_cast<std::uint64_t>(items), 1)});
    EXPECT_EQ(run_world(world).makespan, turns * 10ms) << items;
  }
}

TEST(EventLoop, a_gather_over_threads_waits_for_all_of_them) {
  WorldSpec world = loop_world(2, 3);
  add_task(world, "block", {sleep_for(10ms)});
  add_task(world, "outer", {gather(7, 0, 1), python(1ms)});
  world.main = numbered({gather(1, 1)});
  const Timings timings = run_world(world);
  EXPECT_EQ(timings.makespan, 31ms);
  EXPECT_EQ(metric(timings, "tasks_done"), 8.0);
}

TEST(EventLoop, an_inline_coroutine_needs_no_task) {
  WorldSpec world = loop_world(1);
  add_task(world, "part", {await_sleep(2ms), python(1ms)});
  add_task(world, "whole", {await_task(0), await_task(0)});
  world.main = numbered({gather(3, 1)});
  const Timings timings = run_world(world);
  EXPECT_EQ(timings.makespan, 8ms) << "the second sleep of one passes beside the work of others";
  EXPECT_EQ(metric(timings, "tasks_done"), 3.0);
}

TEST(EventLoop, what_a_coroutine_submits_ends_before_the_program) {
  WorldSpec world = loop_world(1);
  add_task(world, "nap", {await_sleep(20ms)});
  add_task(world, "outer", {submit(3, 0)});
  world.futures = {"f"};
  world.main = numbered({gather(1, 1)});
  const Timings timings = run_world(world);
  EXPECT_EQ(timings.makespan, 20ms);
  EXPECT_EQ(metric(timings, "tasks_done"), 4.0);
}

TEST(EventLoop, loops_in_threads_share_the_coroutines_and_one_gil) {
  WorldSpec world = ideal_world(4);
  add_executor(world, ExecutorKind::asyncio, 2);
  add_task(world, "half", {python(1ms), native(10ms), await_sleep(5ms)});
  world.futures = {"f"};
  world.main = numbered({submit(4), join()});
  const Timings timings = run_world(world);
  // Each loop does two: their C code runs beside that of the other loop.
  EXPECT_GE(timings.makespan, 27ms);
  EXPECT_LE(timings.makespan, 29ms);
  EXPECT_EQ(metric(timings, "tasks_done"), 4.0);
}

TEST(EventLoop, a_hog_costs_it_a_switch_interval_each_time_it_asks_the_selector) {
  WorldSpec world = linux_world(2);
  add_loop_and_threads(world, 1);
  add_task(world, "tick", {repeat(100, {await_sleep(1ms)})});
  add_task(world, "hog", {python(2s)});
  world.futures = {"hogs"};
  world.main = numbered({submit(1, 1, 1), gather(1), join()});
  const double lag = metric(run_world(world), "loop_lag_p50", "pool0");
  EXPECT_GT(lag, 5e6);
  EXPECT_LT(lag, 6e6);
}

TEST(EventLoop, it_never_sleeps_while_something_is_ready) {
  class Watch final : public sim::TraceSink {
   public:
    void write(const sim::TraceRecord& record) override {
      const auto kind = static_cast<TraceKind>(record.kind);
      if (kind == TraceKind::coroutine_resumed) {
        ++resumed;
      } else if (kind == TraceKind::loop_turn) {
        due += record.value;
        ++turns;
      }
    }
    std::uint64_t resumed = 0;
    std::uint64_t due = 0;
    std::uint64_t turns = 0;
  } watch;
  WorldSpec world = loop_world(1);
  add_task(world, "yields", {repeat(50, {await_sleep(0ns)})});
  world.main = numbered({gather(10)});
  WorldOptions options;
  options.sink = &watch;
  const Timings timings = run_world(world, 1, options);
  EXPECT_EQ(timings.makespan, 0ns);
  EXPECT_EQ(watch.resumed, 10 * 51 + 2U) << "each and the root, which gathers";
  EXPECT_EQ(watch.due, watch.resumed + 10 + 1) << "children of the gather, and the end";
  EXPECT_EQ(watch.turns, 1 + 51 + 3U);
}

TEST(EventLoop, a_wait_for_a_lock_that_its_own_thread_holds_is_a_deadlock) {
  WorldSpec world = loop_world(2);
  world.locks = {{.name = "db"}};
  add_task(world, "careless", {with_lock(0, {await_sleep(1ms)})});
  world.main = numbered({gather(2)});
  const Timings timings = simulate_world(world, 1, {});
  EXPECT_EQ(timings.status, RunStatus::deadlock);
  EXPECT_NE(timings.error.find("lock 'db'"), std::string::npos) << timings.error;
}

TEST(EventLoop, uvloop_turns_faster_and_says_that_nobody_checked_it) {
  WorldSpec world = linux_world(1);
  add_loop_and_threads(world, 1);
  add_task(world, "yields", {repeat(1000, {await_sleep(0ns)})});
  world.main = numbered({gather(1)});
  const Timings slow = run_world(world);
  world.runtime.event_loop = LoopKind::uvloop;
  const Timings fast = run_world(world);
  EXPECT_LT(fast.makespan, 0.75 * slow.makespan);
  ASSERT_FALSE(fast.warnings.empty());
  EXPECT_NE(fast.warnings.front().find("uvloop"), std::string::npos);
}

}  // namespace
}  // namespace timeslice::models
