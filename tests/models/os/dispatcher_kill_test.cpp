// Threads that are killed: wherever they are, they do their last things and are gone.
#include <gtest/gtest.h>

#include "models/os/mutex.hpp"
#include "models/os/semaphore.hpp"
#include "tests/models/os/os_bench.hpp"

namespace timeslice::models {
namespace {

using namespace std::chrono_literals;
using os_bench::small_machine;
using os_bench::World;

Program works(World& world, ThreadId thread, sim::Duration length) {
  co_await world.work(thread, length);
}

Program naps(World& world, ThreadId thread, sim::Duration length) {
  static_cast<void>(co_await world.dispatcher.sleep(thread, length));
}

Program takes(World& world, ThreadId thread, Mutex& mutex, sim::Duration length) {
  co_await mutex.lock(thread);
  co_await world.work(thread, length);
  co_await mutex.unlock(thread);
}

Program last_words(World& world, ThreadId thread, sim::Duration& when) {
  co_await world.work(thread, 1ms);
  when = world.now();
}

/// Kills `victim` at `at`; its last words take 1 ms and end at `when`.
Program kills(World& world, ThreadId thread, ThreadId victim, sim::Duration at,
              sim::Duration& when) {
  static_cast<void>(co_await world.dispatcher.wait_for_device(thread, at));
  world.dispatcher.kill(victim, last_words(world, victim, when));
  EXPECT_TRUE(world.dispatcher.gone(victim));
}

TEST(Kill, ends_a_running_a_sleeping_and_a_queued_thread_at_once) {
  for (const bool sleeps : {false, true}) {
    World world{small_machine(2), ideal_os()};
    const ThreadId victim = world.add();
    const ThreadId killer = world.add();
    sim::Duration when{};
    if (sleeps) {
      world.start(victim, naps(world, victim, 1s));
    } else {
      world.start(victim, works(world, victim, 1s));
    }
    world.start(killer, kills(world, killer, victim, 20ms, when));
    world.run();
    EXPECT_EQ(when, 21ms) << sleeps;
    EXPECT_EQ(world.now(), 21ms) << "no timer of it is left";
    EXPECT_TRUE(world.dispatcher.finished(victim));
  }
  World world{small_machine(2), ideal_os()};
  const ThreadId first = world.add();
  const ThreadId second = world.add();
  const ThreadId victim = world.add();
  const ThreadId killer = world.add();
  sim::Duration when{};
  world.start(killer, kills(world, killer, victim, 0ms, when));
  world.start(first, works(world, first, 10ms));
  world.start(second, works(world, second, 10ms));
  world.start(victim, works(world, victim, 1s));
  world.run();
  EXPECT_LE(world.now(), 12ms) << "its work is gone, its last words are not";
  EXPECT_GE(when, 1ms);
}

TEST(Kill, of_a_waiter_leaves_the_lock_to_the_next_one) {
  World world{small_machine(4), ideal_os()};
  Mutex mutex{world.dispatcher, 7};
  const ThreadId holder = world.add();
  const ThreadId victim = world.add();
  const ThreadId next = world.add();
  const ThreadId killer = world.add();
  sim::Duration when{};
  world.start(holder, takes(world, holder, mutex, 10ms));
  world.start(victim, takes(world, victim, mutex, 10ms));
  world.start(next, takes(world, next, mutex, 10ms));
  world.start(killer, kills(world, killer, victim, 5ms, when));
  world.run();
  EXPECT_EQ(world.now(), 20ms);
  EXPECT_FALSE(mutex.holder().has_value());
}

TEST(Kill, of_the_holder_leaves_the_lock_held_for_ever) {
  World world{small_machine(2), ideal_os()};
  Mutex mutex{world.dispatcher, 7};
  const ThreadId victim = world.add();
  const ThreadId other = world.add();
  const ThreadId killer = world.add();
  sim::Duration when{};
  world.start(victim, takes(world, victim, mutex, 10ms));
  world.start(other, takes(world, other, mutex, 1ms));
  world.start(killer, kills(world, killer, victim, 5ms, when));
  world.run();
  EXPECT_EQ(mutex.holder(), victim);
  EXPECT_FALSE(world.dispatcher.finished(other));
}

Program calls(World& world, ThreadId thread, bool& done) {
  co_await world.work(thread, 10ms, WorkKind::kernel);
  done = true;
  co_await world.work(thread, 1s);
}

TEST(Kill, lets_a_system_call_that_does_not_wait_end_first) {
  World world{small_machine(2), ideal_os()};
  const ThreadId victim = world.add();
  const ThreadId killer = world.add();
  sim::Duration when{};
  bool done = false;
  world.start(victim, calls(world, victim, done));
  world.start(killer, kills(world, killer, victim, 5ms, when));
  world.run();
  EXPECT_TRUE(done);
  EXPECT_EQ(when, 11ms);
}

Program acquires(Semaphore& semaphore, ThreadId thread) {
  co_await semaphore.acquire(thread);
}

Program releases(World& world, ThreadId thread, Semaphore& semaphore, sim::Duration at) {
  static_cast<void>(co_await world.dispatcher.wait_for_device(thread, at));
  co_await semaphore.release(thread);
}

TEST(Kill, of_a_waiter_does_not_eat_a_release) {
  World world{small_machine(4), ideal_os()};
  Semaphore semaphore{world.dispatcher, 7, 0};
  const ThreadId victim = world.add();
  const ThreadId next = world.add();
  const ThreadId killer = world.add();
  const ThreadId giver = world.add();
  sim::Duration when{};
  world.start(victim, acquires(semaphore, victim));
  world.start(next, acquires(semaphore, next));
  world.start(killer, kills(world, killer, victim, 5ms, when));
  world.start(giver, releases(world, giver, semaphore, 9ms));
  world.run();
  EXPECT_TRUE(world.dispatcher.finished(next));
  EXPECT_EQ(semaphore.value(), 0U);
}

}  // namespace
}  // namespace timeslice::models
