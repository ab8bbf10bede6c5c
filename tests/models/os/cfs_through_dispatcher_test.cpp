// CFS at work: run lengths on ticks, the credit of sleepers and the buddies. One CPU, so times are
// not scaled: latency 6 ms, least slice 0.75 ms, wake-up granularity 1 ms; ticks each millisecond.
#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include "models/trace_kinds.hpp"
#include "tests/models/os/os_bench.hpp"

namespace timeslice::models {
namespace {

using namespace std::chrono_literals;
using os_bench::compute;
using os_bench::quiet_os;
using os_bench::small_machine;
using os_bench::World;

OsSpec cfs_os() {
  OsSpec os = quiet_os(PolicyKind::cfs, 1ms);
  os.tick = 1ms;
  return os;
}

struct Turn {
  std::uint32_t thread = 0;
  std::int64_t start = 0;
};

std::vector<Turn> turns(const World& world) {
  std::vector<Turn> found;
  for (const sim::TraceRecord& record : world.sink.records()) {
    if (record.kind == static_cast<std::uint16_t>(TraceKind::switch_in)) {
      found.push_back({.thread = record.subject, .start = record.time_ns});
    }
  }
  return found;
}

/// Median length of a burner's turn with so many on the CPU [ms].
double median_turn(std::uint32_t burners) {
  World world{small_machine(1), cfs_os()};
  for (std::uint32_t i = 0; i < burners; ++i) {
    const ThreadId thread = world.add();
    world.start(thread, compute(world, thread, 100s));
  }
  world.run_until(2s);
  const std::vector<Turn> all = turns(world);
  std::vector<double> lengths;
  for (std::size_t i = burners + 1; i < all.size(); ++i) {
    lengths.push_back(static_cast<double>(all[i].start - all[i - 1].start) / 1e6);
  }
  std::ranges::sort(lengths);
  return lengths[lengths.size() / 2];
}

/// A tick ends a turn that is longer than latency / n, but 0.75 ms at least.
TEST(CfsAtWork, a_turn_ends_at_the_first_tick_beyond_its_part_of_the_period) {
  EXPECT_DOUBLE_EQ(median_turn(2), 4.0) << "3 ms, not yet over at the third tick";
  EXPECT_DOUBLE_EQ(median_turn(4), 2.0) << "1.5 ms";
  EXPECT_DOUBLE_EQ(median_turn(7), 1.0) << "0.86 ms";
  EXPECT_DOUBLE_EQ(median_turn(12), 1.0) << "0.75 ms: the period is stretched";
}

Program nap_and_run(World& world, ThreadId thread, sim::Duration nap, sim::Duration run,
                    std::vector<sim::Duration>* waits) {
  while (true) {
    const sim::Duration begin = world.now();
    static_cast<void>(co_await world.dispatcher.sleep(thread, nap));
    co_await world.work(thread, run);
    waits->push_back(world.now() - begin - nap - run);
  }
}

/// Part of the wake-ups of a sleeper that gets the CPU at once beside so many burners.
double at_once(std::uint32_t burners, sim::Duration nap, sim::Duration run, bool preempts) {
  OsSpec os = cfs_os();
  os.policy.wakeup_preemption = preempts;
  World world{small_machine(1), os};
  for (std::uint32_t i = 0; i < burners; ++i) {
    const ThreadId thread = world.add();
    world.start(thread, compute(world, thread, 100s));
  }
  std::vector<sim::Duration> waits;
  const ThreadId sleeper = world.add();
  world.start(sleeper, nap_and_run(world, sleeper, nap, run, &waits));
  world.run_until(10s);
  const auto prompt = std::ranges::count_if(waits, [](sim::Duration wait) { return wait < 10us; });
  return static_cast<double>(prompt) / static_cast<double>(waits.size());
}

/// Half the latency is more than the wake-up granularity: a sleeper preempts at every wake-up.
TEST(CfsAtWork, a_long_sleeper_preempts_at_once) {
  EXPECT_GT(at_once(1, 5137us, 14us, true), 0.99);
  EXPECT_GT(at_once(3, 5137us, 14us, true), 0.99);
  EXPECT_GT(at_once(3, 10'137us, 300us, true), 0.99);
  EXPECT_LT(at_once(3, 5137us, 14us, false), 0.2) << "without wake-up preemption it waits";
}

Program sleep_then_burn(World& world, ThreadId thread) {
  static_cast<void>(co_await world.dispatcher.sleep(thread, 1s));
  co_await world.work(thread, 100s);
}

/// How far ahead of its half of the CPU a thread is after a sleep of a second, beside a burner:
/// mean over its first 20 to 120 ms, which are cut into turns of 4 ms.
double ahead_ms(bool gentle) {
  OsSpec os = cfs_os();
  os.policy.cfs.gentle_sleepers = gentle;
  World world{small_machine(1), os};
  const ThreadId burner = world.add();
  world.start(burner, compute(world, burner, 100s));
  const ThreadId sleeper = world.add();
  world.start(sleeper, sleep_then_burn(world, sleeper));
  double sum = 0.0;
  for (int after = 20; after < 120; ++after) {
    world.run_until(1s + after * 1ms);
    const auto used = world.dispatcher.accounts(sleeper).cpu_time;
    sum += static_cast<double>(used.count()) / 1e6 - after / 2.0;
  }
  return sum / 100.0;
}

/// It comes back behind the burner by its credit, 3 or 6 ms, and gets half of that more.
TEST(CfsAtWork, a_sleeper_s_credit_is_half_the_latency_or_all_of_it) {
  EXPECT_NEAR(ahead_ms(false) - ahead_ms(true), 1.5, 1.0);
}

/// How often the thread that a sleeper preempted runs right after the sleeper.
double resumed(std::uint32_t burners) {
  World world{small_machine(1), cfs_os()};
  for (std::uint32_t i = 0; i < burners; ++i) {
    const ThreadId thread = world.add();
    world.start(thread, compute(world, thread, 100s));
  }
  std::vector<sim::Duration> waits;
  const ThreadId sleeper = world.add();
  world.start(sleeper, nap_and_run(world, sleeper, 7'137us, 20us, &waits));
  world.run_until(10s);
  const std::vector<Turn> all = turns(world);
  double again = 0.0;
  double seen = 0.0;
  for (std::size_t i = 1; i + 1 < all.size(); ++i) {
    if (all[i].thread == static_cast<std::uint32_t>(sleeper)) {
      seen += 1.0;
      again += all[i + 1].thread == all[i - 1].thread ? 1.0 : 0.0;
    }
  }
  return again / seen;
}

TEST(CfsAtWork, in_a_crowd_who_was_preempted_goes_on_next) {
  EXPECT_GT(resumed(9), 0.95) << "the buddy `last`, from eight threads on";
  EXPECT_LT(resumed(3), 0.7) << "else the one that is furthest behind";
}

}  // namespace
}  // namespace timeslice::models
