#include "models/os/inheritance.hpp"

#include <memory>
#include <optional>
#include <vector>

#include <gtest/gtest.h>

#include "models/os/mutex.hpp"
#include "tests/models/os/os_bench.hpp"

namespace timeslice::models {
namespace {

using namespace std::chrono_literals;
using os_bench::compute;
using os_bench::small_machine;
using os_bench::World;

ClassSpec fifo(std::uint8_t priority) {
  return {.kind = SchedulingClass::fifo, .priority = priority};
}

OsSpec steady_linux() {
  OsSpec os;
  os.timer_latency = 0ns;
  os.random_tick_phase = false;
  return os;
}

/// A world with some locks.
struct Locks {
  Locks(std::uint32_t cpus, std::uint32_t count, bool inherit)
      : world{small_machine(cpus), steady_linux()} {
    for (std::uint32_t id = 0; id < count; ++id) {
      locks.push_back(
          std::make_unique<Mutex>(world.dispatcher, id, inherit ? &inheritance : nullptr));
    }
  }

  [[nodiscard]] sim::FramePool& frame_pool() { return world.frame_pool(); }

  World world;
  Inheritance inheritance{world.dispatcher};
  std::vector<std::unique_ptr<Mutex>> locks;
};

/// After `begin`, takes the locks in this order, works, and gives them back in the other order.
Program with_locks(Locks& of, ThreadId thread, sim::Duration begin, std::vector<std::size_t> which,
                   sim::Duration work, sim::Duration* done) {
  if (begin > 0ns) {
    static_cast<void>(co_await of.world.dispatcher.wait_for_device(thread, begin));
  }
  for (const std::size_t index : which) {
    co_await of.locks[index]->lock(thread);
  }
  co_await of.world.work(thread, work);
  for (std::size_t left = which.size(); left > 0; --left) {
    co_await of.locks[which[left - 1]]->unlock(thread);
  }
  *done = of.world.now();
  co_await of.world.work(thread, 1ms);
}

Program after(World& world, ThreadId thread, sim::Duration begin, sim::Duration work) {
  static_cast<void>(co_await world.dispatcher.wait_for_device(thread, begin));
  co_await world.work(thread, work);
}

/// Three threads on one CPU: low holds the lock for 20 ms, high wants it, middle works for 200 ms.
sim::Duration response_of_high(bool inherit, const ClassSpec& low, const ClassSpec& middle,
                               const ClassSpec& high) {
  Locks of{1, 1, inherit};
  sim::Duration low_done{};
  sim::Duration high_done{};
  const ThreadId l = of.world.add({.sched = low});
  const ThreadId m = of.world.add({.sched = middle});
  const ThreadId h = of.world.add({.sched = high});
  of.world.start(l, with_locks(of, l, 0ms, {0}, 20ms, &low_done));
  of.world.start(m, after(of.world, m, 10ms, 200ms));
  of.world.start(h, with_locks(of, h, 5ms, {0}, 3ms, &high_done));
  of.world.run();
  EXPECT_GT(low_done, 0ms);
  return high_done - 5ms;
}

TEST(Inheritance, bounds_the_wait_by_the_critical_section_whatever_the_classes) {
  const ClassSpec normal;
  const ClassSpec deadline{
      .kind = SchedulingClass::deadline, .runtime = 10ms, .deadline = 500ms, .period = 500ms};
  EXPECT_EQ(response_of_high(false, fifo(1), fifo(2), fifo(3)), 218ms);
  EXPECT_EQ(response_of_high(true, fifo(1), fifo(2), fifo(3)), 18ms);
  EXPECT_EQ(response_of_high(false, normal, fifo(2), fifo(3)), 218ms);
  EXPECT_EQ(response_of_high(true, normal, fifo(2), fifo(3)), 18ms);
  EXPECT_EQ(response_of_high(false, normal, fifo(2), deadline), 218ms);
  EXPECT_EQ(response_of_high(true, normal, fifo(2), deadline), 18ms);
}

TEST(Inheritance, goes_along_a_chain_of_three) {
  for (const bool inherit : {false, true}) {
    Locks of{1, 2, inherit};
    std::vector<sim::Duration> done(3);
    const ThreadId low = of.world.add();
    const ThreadId between = of.world.add({.sched = fifo(1)});
    const ThreadId high = of.world.add({.sched = fifo(9)});
    const ThreadId noise = of.world.add({.sched = fifo(5)});
    of.world.start(low, with_locks(of, low, 0ms, {0}, 10ms, &done[0]));
    of.world.start(between, with_locks(of, between, 1ms, {1, 0}, 2ms, &done[1]));
    of.world.start(high, with_locks(of, high, 2ms, {1}, 1ms, &done[2]));
    of.world.start(noise, after(of.world, noise, 3ms, 100ms));
    of.world.run_until(2500us);
    EXPECT_EQ(of.world.dispatcher.urgency(low), inherit ? 9 : 0);
    EXPECT_EQ(of.world.dispatcher.urgency(between), inherit ? 9 : 1);
    of.world.run();
    EXPECT_EQ(done[2], inherit ? 13ms : 113ms);
  }
}

TEST(Inheritance, ends_with_the_release) {
  Locks of{1, 1, true};
  sim::Duration low_done{};
  sim::Duration high_done{};
  const ThreadId low = of.world.add();
  const ThreadId high = of.world.add({.sched = fifo(3)});
  of.world.start(low, with_locks(of, low, 0ms, {0}, 20ms, &low_done));
  of.world.start(high, with_locks(of, high, 5ms, {0}, 3ms, &high_done));
  of.world.run_until(6ms);
  EXPECT_EQ(of.world.dispatcher.urgency(low), 3);
  of.world.run_until(21ms);
  EXPECT_EQ(of.world.dispatcher.urgency(low), 0);
  EXPECT_TRUE(of.world.dispatcher.running(high));
  of.world.run();
  EXPECT_EQ(high_done, 23ms);
  EXPECT_GE(low_done, 20ms);
}

TEST(Inheritance, hands_over_to_the_most_urgent_and_nobody_barges_in) {
  Locks of{2, 1, true};
  std::vector<sim::Duration> done(4);
  const std::vector<ClassSpec> classes{fifo(1), fifo(2), fifo(4), fifo(3)};
  for (std::size_t i = 0; i < classes.size(); ++i) {
    const ThreadId thread = of.world.add({.sched = classes[i]});
    of.world.start(thread, with_locks(of, thread, i * 1ms, {0}, 10ms, &done[i]));
  }
  of.world.run();
  EXPECT_EQ(done, (std::vector<sim::Duration>{10ms, 40ms, 20ms, 30ms}));
}

TEST(Inheritance, survives_a_deadlock) {
  Locks of{1, 2, true};
  sim::Duration done{};
  const ThreadId one = of.world.add({.sched = fifo(1)});
  const ThreadId other = of.world.add({.sched = fifo(2)});
  of.world.start(one, with_locks(of, one, 0ms, {0}, 5ms, &done));
  const ThreadId first = of.world.add({.sched = fifo(3)});
  of.world.start(first, with_locks(of, first, 1ms, {1, 0}, 5ms, &done));
  of.world.start(other, with_locks(of, other, 2ms, {0, 1}, 5ms, &done));
  EXPECT_EQ(of.world.run(), sim::StopReason::drained);
}

TEST(Mutex, wakes_real_time_waiters_before_others) {
  Locks of{1, 1, false};
  std::vector<sim::Duration> done(3);
  const std::vector<ClassSpec> classes{{}, {}, fifo(4)};
  for (std::size_t i = 0; i < classes.size(); ++i) {
    const ThreadId thread = of.world.add({.sched = classes[i]});
    of.world.start(thread, with_locks(of, thread, i * 12ms, {0}, 30ms, &done[i]));
  }
  of.world.run();
  EXPECT_LT(done[2], done[1]);
}

/// Random threads of all classes on random locks, taken in one order: all end, nobody keeps what it
/// was lent.
TEST(Inheritance, lets_every_thread_end_and_takes_everything_back) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    const sim::Random random{seed};
    Locks of{1 + static_cast<std::uint32_t>(seed % 3), 3, true};
    std::vector<sim::Duration> done(12);
    std::vector<ThreadId> threads;
    for (std::uint32_t i = 0; i < done.size(); ++i) {
      const auto draw = [&](std::uint32_t step, std::uint64_t n) {
        return random.below({.item = i, .step = step}, n);
      };
      ClassSpec sched;
      if (draw(0, 3) == 0) {
        sched = fifo(static_cast<std::uint8_t>(1 + draw(1, 5)));
      } else if (draw(0, 3) == 1) {
        sched = {
            .kind = SchedulingClass::deadline, .runtime = 1ms, .deadline = 20ms, .period = 40ms};
      }
      std::vector<std::size_t> which;
      for (std::uint32_t lock = 0; lock < 3; ++lock) {
        if (draw(2 + lock, 2) == 0) {
          which.push_back(lock);
        }
      }
      const sim::Duration begin = static_cast<std::int64_t>(draw(6, 20'000)) * 1us;
      const sim::Duration work = static_cast<std::int64_t>(1 + draw(7, 5'000)) * 1us;
      threads.push_back(of.world.add({.sched = sched}));
      of.world.start(threads.back(), with_locks(of, threads.back(), begin, which, work, &done[i]));
    }
    ASSERT_EQ(of.world.run(), sim::StopReason::drained);
    for (const ThreadId thread : threads) {
      EXPECT_TRUE(of.world.dispatcher.finished(thread));
    }
  }
}

}  // namespace
}  // namespace timeslice::models
