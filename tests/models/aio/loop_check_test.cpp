#include "models/aio/loop_check.hpp"

#include <gtest/gtest.h>

#include "tests/models/aio/aio_fixture.hpp"

namespace timeslice::models {
namespace {

using namespace std::chrono_literals;

/// Executors: 0 a loop in main, 1 threads, 2 a loop in a thread, 3 processes, 4 serial.
/// Tasks: 0 awaits, 1 does not, 2 and 3 are the test's.
WorldSpec world_with(Steps two, Steps three, Steps main) {
  WorldSpec world = ideal_world(2);
  add_loop_and_threads(world, 2);
  add_executor(world, ExecutorKind::asyncio, 1);
  add_executor(world, ExecutorKind::processes, 1);
  add_executor(world, ExecutorKind::serial);
  add_task(world, "awaits", {await_sleep(1ms)});
  add_task(world, "plain", {python(1ms)});
  add_task(world, "two", std::move(two));
  add_task(world, "three", std::move(three));
  world.futures = {"f"};
  world.main = numbered(std::move(main));
  return world;
}

std::string first_error(const WorldSpec& world) {
  const std::vector<sim::Error> errors = check_world(world);
  return errors.empty() ? "" : errors.front().where + ": " + errors.front().what;
}

TEST(LoopCheck, an_await_outside_of_a_loop_is_refused_with_its_place) {
  const std::string refused = "tasks.awaits: it awaits, but no event loop runs it";
  EXPECT_EQ(first_error(world_with({}, {}, {map_items(1, 0, 1)})), refused);
  EXPECT_EQ(first_error(world_with({}, {}, {call(0)})), refused);
  EXPECT_EQ(first_error(world_with({}, {}, {map_items(1, 0, 4)})), refused);
  EXPECT_EQ(first_error(world_with({}, {}, {await_sleep(1ms)})),
            "main: it awaits, but no event loop runs it");
  EXPECT_EQ(first_error(world_with({await_task(0, 1)}, {}, {gather(1, 2)})), refused);
}

TEST(LoopCheck, a_coroutine_is_awaited_and_not_called) {
  EXPECT_EQ(first_error(world_with({call(0)}, {}, {gather(1, 2)})),
            "tasks.awaits: it awaits, but a coroutine calls it as a plain function");
  EXPECT_EQ(first_error(world_with({await_task(0), call(1)}, {}, {gather(1, 2)})), "");
}

TEST(LoopCheck, only_a_coroutine_can_be_given_up) {
  const Steps body{give_up_after(1ms, {python(1ms)})};
  EXPECT_EQ(first_error(world_with(body, {}, {map_items(1, 2, 1)})),
            "tasks.two: it gives work up, but no event loop runs it");
  EXPECT_EQ(first_error(world_with({}, {}, body)),
            "main: it gives work up, but no event loop runs it");
  EXPECT_EQ(first_error(world_with(body, {call(2)}, {gather(1, 3)})),
            "tasks.two: it gives work up, but a coroutine calls it as a plain function");
  EXPECT_EQ(first_error(world_with(body, {await_task(2)}, {gather(1, 3)})), "");
  EXPECT_EQ(first_error(world_with({give_up_after(1ms, {await_task(1, 3)})}, {}, {gather(1, 2)})),
            "tasks.two: a coroutine cannot await executor 'pool3'")
      << "what it holds is looked at";
}

TEST(LoopCheck, gather_needs_a_loop) {
  EXPECT_EQ(first_error(world_with({}, {}, {gather(1, 1, 1)})),
            "main: `gather` is for event loops, and no event loop runs it");
  EXPECT_EQ(first_error(world_with({gather(2, 1, {})}, {}, {map_items(1, 2, 1)})),
            "tasks.two: `gather` is for event loops, and no event loop runs it");
  EXPECT_EQ(first_error(world_with({gather(2, 0, {}), gather(2, 1, 1)}, {}, {gather(1, 2)})), "");
}

TEST(LoopCheck, a_coroutine_awaits_its_own_loop_and_threads_only) {
  EXPECT_EQ(first_error(world_with({await_task(1, 3)}, {}, {gather(1, 2)})),
            "tasks.two: a coroutine cannot await executor 'pool3'");
  EXPECT_EQ(first_error(world_with({await_task(0, 2)}, {}, {gather(1, 2)})),
            "tasks.two: a coroutine cannot await executor 'pool2'");
  EXPECT_EQ(first_error(world_with({await_task(0, 0), await_task(1, 1)}, {}, {gather(1, 2)})), "");
}

TEST(LoopCheck, a_loop_in_main_is_used_by_main_alone) {
  EXPECT_EQ(first_error(world_with({gather(1, 0, 0)}, {}, {map_items(1, 2, 1)})),
            "tasks.two: the loop 'pool0' runs in main's thread, which this is not");
  EXPECT_EQ(first_error(world_with({gather(1, 0, 2)}, {}, {map_items(1, 2, 1)})), "");
  EXPECT_EQ(first_error(world_with({}, {}, {submit(1, 0, 0), join()})),
            "main: the loop 'pool0' runs only while main gathers in it");
  EXPECT_EQ(first_error(world_with({}, {}, {submit(1, 0, 2), join()})), "");
  EXPECT_EQ(first_error(world_with({gather(1, 0, 0)}, {}, {call(2), map_items(1, 2, 4)})), "");
}

TEST(LoopCheck, who_keeps_a_loop_does_not_wait_for_one) {
  EXPECT_EQ(first_error(world_with({map_items(1, 1, 0)}, {}, {gather(1, 2)})),
            "tasks.two: `map` would block the loop that it waits for");
  EXPECT_EQ(first_error(world_with({map_items(1, 0, 2)}, {}, {gather(1, 2)})),
            "tasks.two: it runs in an event loop and would wait for the loop 'pool2'");
  EXPECT_EQ(first_error(world_with({call(3)}, {map_items(1, 0, 0)}, {gather(1, 2)})),
            "tasks.three: it runs in an event loop and would wait for the loop 'pool0'");
}

TEST(LoopCheck, tasks_are_joined_where_they_were_created) {
  EXPECT_EQ(first_error(world_with({submit(1, 0, 0)}, {}, {gather(1, 2), join()})),
            "main: 'f' holds tasks that a coroutine has created");
  EXPECT_EQ(first_error(world_with({join()}, {}, {submit(1, 0, 2), gather(1, 2), join()})),
            "tasks.two: 'f' holds coroutines that another thread has handed to a loop");
  EXPECT_EQ(first_error(world_with({submit(1, 0, 0), join()}, {}, {gather(1, 2)})), "");
}

TEST(LoopCheck, several_loops_do_not_share_futures) {
  WorldSpec world = world_with({submit(1, 0, 2), join()}, {}, {map_items(1, 2, 2)});
  EXPECT_EQ(first_error(world), "");
  world.executors[2].workers.number = 2;
  EXPECT_EQ(first_error(world), "tasks.two: tasks of several loops would share a name for `join`");
}

TEST(LoopCheck, background_programs_and_other_languages_have_no_loop) {
  WorldSpec world = world_with({}, {}, {});
  world.background.push_back({.task = TaskIndex{0}});
  EXPECT_NE(first_error(world), "");
  WorldSpec cpp = cpp_world(1);
  add_executor(cpp, ExecutorKind::asyncio);
  EXPECT_EQ(first_error(cpp), "executors.pool0: this executor is Python's, and the program is not");
}

}  // namespace
}  // namespace timeslice::models
