#include "models/work/monitor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/models/world_fixture.hpp"

namespace timeslice::models {
namespace {

using namespace std::chrono_literals;
using What = SyncStep::What;

Step sync(What what, std::uint32_t lock = 0) {
  return {.what = SyncStep{.what = what, .lock = LockIndex{lock}}};
}

Step reading(std::uint32_t lock, Steps body) {
  return {.what = WithStep{.lock = LockIndex{lock}, .body = std::move(body), .reads = true}};
}

/// Every law holds in Python, with and without a GIL, and in C++.
class Monitors : public testing::TestWithParam<int> {
 protected:
  static WorldSpec world() {
    WorldSpec made = GetParam() == 2 ? cpp_world(4) : ideal_world(4);
    made.runtime.gil.enabled = GetParam() == 0;
    made.futures = {"f", "g"};
    add_executor(made, GetParam() == 2 ? ExecutorKind::cpp_async : ExecutorKind::thread_per_task);
    return made;
  }
};

TEST_P(Monitors, a_getter_waits_until_something_is_put) {
  WorldSpec one = world();
  one.locks = {{.name = "jobs", .kind = LockKind::queue}};
  add_task(one, "consumer", {sync(What::get), native(2ms)});
  one.main = numbered({submit(2), sleep_for(5ms), sync(What::put), sync(What::put), join()});
  EXPECT_EQ(run_world(one).makespan, 7ms);
}

TEST_P(Monitors, a_putter_waits_while_the_queue_is_full) {
  WorldSpec one = world();
  one.locks = {{.name = "jobs", .kind = LockKind::queue, .capacity = 2}};
  add_task(one, "consumer", {repeat(6, {sync(What::get), native(3ms)})});
  one.main = numbered({submit(1), repeat(6, {sync(What::put)}), sleep_for(1ms), join()});
  EXPECT_EQ(run_world(one).makespan, 18ms);
  one.main = numbered({submit(1), repeat(6, {sync(What::put)})});
  one.executors[0].daemon = true;
  const bool joins = GetParam() == 2;  // std::async's futures wait for their threads
  EXPECT_EQ(run_world(one).makespan, joins ? 18ms : 9ms) << "the last put waits for the fourth get";
}

TEST_P(Monitors, a_semaphore_lets_in_as_many_as_its_value) {
  WorldSpec one = world();
  one.locks = {{.name = "slots", .kind = LockKind::semaphore, .value = 2}};
  add_task(one, "user", {with_lock(0, {io(10ms)})});
  one.main = numbered({map_items(6)});
  EXPECT_EQ(run_world(one).makespan, 30ms);
}

TEST_P(Monitors, an_event_opens_once_for_all) {
  WorldSpec one = world();
  one.locks = {{.name = "go", .kind = LockKind::event}};
  add_task(one, "runner", {sync(What::wait), io(1ms), sync(What::wait), io(1ms)});
  one.main = numbered({submit(8), sleep_for(10ms), sync(What::set), join()});
  EXPECT_EQ(run_world(one).makespan, 12ms);
}

TEST_P(Monitors, a_barrier_holds_everybody_until_the_last_one_comes_each_time) {
  WorldSpec one = world();
  one.locks = {{.name = "line", .kind = LockKind::barrier, .parties = 3}};
  add_task(one, "walker", {repeat(2, {io(2ms), sync(What::barrier)})});
  add_task(one, "runner", {repeat(2, {io(7ms), sync(What::barrier)})});
  one.main = numbered({submit(2, 0), submit(1, 1, 0, 1), join(0), join(1)});
  EXPECT_EQ(run_world(one).makespan, 14ms);
}

TEST_P(Monitors, readers_share_and_a_writer_is_alone) {
  WorldSpec one = world();
  one.locks = {{.name = "table", .kind = LockKind::rwlock}};
  add_task(one, "reader", {reading(0, {io(10ms)})});
  add_task(one, "writer", {with_lock(0, {io(4ms)})});
  one.main = numbered({map_items(5, 0), map_items(3, 1)});
  EXPECT_EQ(run_world(one).makespan, 10ms + 3 * 4ms);
  one.main = numbered({submit(4, 0), sleep_for(1ms), submit(1, 1, 0, 1), sleep_for(1ms),
                       submit(1, 0), join(0), join(1)});
  EXPECT_EQ(run_world(one).makespan, 12ms + 4ms) << "the late reader goes before the writer";
}

TEST_P(Monitors, a_queue_that_nobody_fills_is_named_in_the_deadlock) {
  WorldSpec one = world();
  one.locks = {{.name = "jobs", .kind = LockKind::queue}};
  one.main = numbered({sync(What::get)});
  const Timings stuck = simulate_world(one, 1, {});
  EXPECT_EQ(stuck.status, RunStatus::deadlock);
  EXPECT_THAT(stuck.error, testing::HasSubstr("main waits for queue 'jobs'"));
}

INSTANTIATE_TEST_SUITE_P(Languages, Monitors, testing::Values(0, 1, 2));

TEST(MonitorCheck, refuses_steps_that_a_lock_cannot_do) {
  WorldSpec world = ideal_world(2);
  world.locks = {{.name = "go", .kind = LockKind::event}, {.name = "lock"}};
  world.main = numbered({sync(What::put, 0), sync(What::wait, 1), with_lock(0, {native(1ms)}),
                         reading(1, {native(1ms)})});
  const auto errors = check_world(world);
  ASSERT_EQ(errors.size(), 4U);
  EXPECT_THAT(errors[0].what, testing::HasSubstr("`put` needs a queue, and 'go' is none"));
  EXPECT_THAT(errors[1].what, testing::HasSubstr("`wait` needs an event, and 'lock' is none"));
}

TEST(MonitorCheck, refuses_meetings_with_other_processes) {
  WorldSpec world = ideal_world(2);
  world.locks = {{.name = "jobs", .kind = LockKind::queue}};
  add_task(world, "consumer", {sync(What::get)});
  add_executor(world, ExecutorKind::processes, 2);
  world.main = numbered({map_items(2)});
  ASSERT_EQ(check_world(world).size(), 1U);
  world.main.clear();
  world.background.push_back({.task = TaskIndex{0}});
  ASSERT_EQ(check_world(world).size(), 1U);
}

TEST(Monitor, costs_what_cpython_spends_in_its_own_python_code) {
  WorldSpec world = linux_world(2);
  world.locks = {{.name = "jobs", .kind = LockKind::queue}};
  world.main = numbered({repeat(100, {sync(What::put), sync(What::get)})});
  EXPECT_NEAR(in_ms(run_world(world).makespan), 0.2, 0.01) << "measured 1.95 us a put and get";
}

}  // namespace
}  // namespace timeslice::models
