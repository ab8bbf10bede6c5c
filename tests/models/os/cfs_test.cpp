// CFS by plain calls: slices, sleepers, newcomers, buddies, groups, monotone virtual time.
#include "models/os/cfs.hpp"

#include <optional>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "sim/random.hpp"
#include "tests/models/os/one_queue.hpp"

namespace timeslice::models {
namespace {

using namespace std::chrono_literals;

using os_bench::queue;
constexpr Ticks ticks{.period = 4ms, .first = sim::Instant{4ms}};

/// One queue; entities come with `wake` or `fork`.
struct CfsBench {
  explicit CfsBench(const CfsSpec& spec, std::vector<EntityParameters> entities)
      : policy{{.spec = spec}} {
    policy.add_queue(queue);
    policy.set_ticks(queue, ticks);
    for (std::uint32_t i = 0; i < entities.size(); ++i) {
      policy.add_entity(EntityId{i}, entities[i]);
    }
  }
  void wake(std::uint32_t entity) { policy.enqueue(queue, EntityId{entity}, EnqueueReason::woken); }
  void wake_all(std::uint32_t entities) {
    for (std::uint32_t i = 0; i < entities; ++i) {
      wake(i);
    }
  }
  void put_back(std::uint32_t entity, EnqueueReason reason = EnqueueReason::slice_used_up) {
    policy.enqueue(queue, EntityId{entity}, reason);
  }
  void sleep(std::uint32_t entity) {
    policy.dequeue(queue, EntityId{entity}, DequeueReason::blocked);
  }
  void run(std::uint32_t entity, sim::Duration length) {
    policy.charge(queue, EntityId{entity}, length);
  }
  std::uint32_t pick() { return static_cast<std::uint32_t>(policy.pick_next(queue)->entity); }
  [[nodiscard]] sim::Duration left(std::uint32_t entity) const {
    return policy.slice_left(queue, EntityId{entity});
  }
  [[nodiscard]] bool preempts(std::uint32_t woken, std::uint32_t running) const {
    return policy.preempts(queue, EntityId{woken}, EntityId{running});
  }

  Cfs policy;
};

std::vector<EntityParameters> nice_0(std::uint32_t entities) {
  return std::vector<EntityParameters>(entities);
}

TEST(Cfs, a_period_is_shared_and_stretches_beyond_eight_threads) {
  constexpr sim::Duration more{1};  // a tick must find more than the slice
  for (const auto& [threads, slice] : std::vector<std::pair<std::uint32_t, sim::Duration>>{
           {2, 3ms}, {3, 2ms}, {8, 750us}, {16, 750us}}) {
    CfsBench bench{{}, nice_0(threads)};
    bench.wake_all(threads);
    ASSERT_EQ(bench.pick(), 0U);
    EXPECT_EQ(bench.left(0), slice + more) << threads << " threads";
  }
}

TEST(Cfs, slices_follow_the_weights) {
  EntityParameters heavy{};
  heavy.weight = 3072;
  CfsBench bench{{}, {heavy, {}}};
  bench.wake_all(2);
  ASSERT_EQ(bench.pick(), 0U);
  EXPECT_EQ(bench.left(0), 4500us + 1ns);
}

TEST(Cfs, one_far_ahead_of_the_first_in_line_gives_way_before_its_slice_ends) {
  CfsBench bench{{}, nice_0(2)};
  bench.wake_all(2);
  ASSERT_EQ(bench.pick(), 0U);
  bench.run(0, 4ms);
  bench.put_back(0, EnqueueReason::preempted);
  ASSERT_EQ(bench.pick(), 1U);
  bench.sleep(1);
  ASSERT_EQ(bench.pick(), 0U);
  bench.wake(1);  // 4 ms behind, less than the credit would allow; 1 ms more and it is too far
  bench.run(0, 100us);
  EXPECT_EQ(bench.left(0), 650us) << "not before the least slice of 0.75 ms";
}

TEST(Cfs, a_sleeper_gets_half_a_latency_and_preempts) {
  for (const bool gentle : {true, false}) {
    CfsSpec spec;
    spec.gentle_sleepers = gentle;
    CfsBench bench{spec, nice_0(2)};
    bench.wake_all(2);
    ASSERT_EQ(bench.pick(), 0U);
    bench.sleep(1);
    bench.run(0, 100ms);
    bench.wake(1);
    const VirtualTime credit =
        bench.policy.virtual_time(EntityId{0}) - bench.policy.virtual_time(EntityId{1});
    EXPECT_EQ(credit, virtual_length(gentle ? 3ms : 6ms, 1024));
    EXPECT_TRUE(bench.preempts(1, 0));
  }
}

TEST(Cfs, within_the_wakeup_granularity_nobody_is_preempted) {
  CfsBench bench{{}, nice_0(2)};
  bench.wake_all(2);
  ASSERT_EQ(bench.pick(), 0U);
  bench.sleep(1);
  bench.run(0, 1ms);
  bench.wake(1);
  EXPECT_FALSE(bench.preempts(1, 0)) << "exactly the granularity behind";
  bench.run(0, 1us);
  EXPECT_TRUE(bench.preempts(1, 0));
}

TEST(Cfs, batch_does_not_preempt_and_idle_gives_way_to_all) {
  EntityParameters batch{};
  batch.scheduling_class = SchedulingClass::batch;
  EntityParameters idle{};
  idle.scheduling_class = SchedulingClass::idle;
  CfsBench bench{{}, {{}, batch, idle}};
  bench.wake_all(3);
  ASSERT_EQ(bench.pick(), 0U);
  bench.sleep(1);
  bench.sleep(2);
  bench.run(0, 50ms);
  bench.wake(1);
  bench.wake(2);
  EXPECT_FALSE(bench.preempts(1, 0));
  EXPECT_FALSE(bench.preempts(2, 0));
  EXPECT_TRUE(bench.preempts(0, 2)) << "a normal one against the idle class";
}

TEST(Cfs, a_new_thread_starts_a_slice_behind) {
  for (const bool debit : {true, false}) {
    CfsSpec spec;
    spec.start_debit = debit;
    CfsBench bench{spec, nice_0(3)};
    bench.wake_all(2);
    ASSERT_EQ(bench.pick(), 0U);
    bench.policy.enqueue(queue, EntityId{2}, EnqueueReason::created);
    const VirtualTime behind =
        bench.policy.virtual_time(EntityId{2}) - bench.policy.virtual_time(EntityId{1});
    EXPECT_EQ(behind, virtual_length(debit ? 2ms : 0ms, 1024)) << "6 ms for three";
  }
}

TEST(Cfs, who_yields_is_skipped_unless_it_is_far_behind) {
  CfsBench bench{{}, nice_0(2)};
  bench.wake_all(2);
  ASSERT_EQ(bench.pick(), 0U);
  bench.put_back(0, EnqueueReason::yielded);
  ASSERT_EQ(bench.pick(), 1U);
  bench.run(1, 2ms);
  bench.put_back(1, EnqueueReason::preempted);
  ASSERT_EQ(bench.pick(), 0U);
  bench.put_back(0, EnqueueReason::yielded);
  EXPECT_EQ(bench.pick(), 0U) << "the other is 2 ms ahead, more than the granularity of 1 ms";
}

TEST(Cfs, the_preempter_runs_next_even_if_another_is_a_little_further_behind) {
  CfsBench bench{{}, nice_0(3)};
  bench.wake_all(3);
  ASSERT_EQ(bench.pick(), 0U);
  bench.run(0, 1500us);
  bench.sleep(2);
  bench.wake(2);  // at 0, as 1: 1 came first, but 2 preempts
  ASSERT_TRUE(bench.preempts(2, 0));
  bench.put_back(0, EnqueueReason::preempted);
  EXPECT_EQ(bench.pick(), 2U);
}

TEST(Cfs, who_moves_stands_as_far_from_the_least_as_before) {
  CfsBench bench{{}, nice_0(3)};
  constexpr QueueId other{1};
  bench.policy.add_queue(other);
  bench.wake_all(2);
  ASSERT_EQ(bench.pick(), 0U);
  bench.run(0, 700us);
  bench.policy.enqueue(other, EntityId{2}, EnqueueReason::woken);
  ASSERT_EQ(bench.policy.pick_next(other)->entity, EntityId{2});
  bench.policy.charge(other, EntityId{2}, 10s);
  bench.put_back(0, EnqueueReason::preempted);
  bench.policy.dequeue(queue, EntityId{0}, DequeueReason::migrated);
  bench.policy.enqueue(other, EntityId{0}, EnqueueReason::migrated);
  EXPECT_EQ(bench.policy.virtual_time(EntityId{0}),
            bench.policy.least_virtual_time(other) + virtual_length(700us, 1024));
}

/// Slices multiply down the levels: a group of two beside one thread.
TEST(Cfs, a_member_of_a_group_gets_its_part_of_the_groups_part) {
  CfsBench bench{{}, nice_0(4)};
  constexpr QueueId inside{1};
  bench.policy.add_queue(inside);
  bench.policy.nest(inside, queue, EntityId{3});
  bench.wake(0);
  for (const std::uint32_t member : {1U, 2U}) {
    bench.policy.enqueue(inside, EntityId{member}, EnqueueReason::woken);
  }
  bench.wake(3);
  ASSERT_EQ(bench.policy.pick_next(inside)->entity, EntityId{1});
  // Three threads: 6 ms; half for the group, half of that for the member.
  EXPECT_EQ(bench.policy.slice_left(inside, EntityId{1}), 1500us + 1ns);
}

TEST(Cfs, the_least_virtual_time_never_goes_back) {
  constexpr std::uint32_t entities = 20;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const sim::Random random{seed};
    std::uint32_t drawn = 0;
    const auto draw = [&](std::uint64_t below) { return random.below({.step = drawn++}, below); };
    CfsBench bench{{}, nice_0(entities)};
    std::vector<bool> able(entities);
    std::optional<std::uint32_t> current;
    VirtualTime least = 0;
    for (int step = 0; step < 5'000; ++step) {
      const auto one = static_cast<std::uint32_t>(draw(entities));
      if (current) {
        bench.run(*current, sim::Duration{static_cast<std::int64_t>(draw(5'000'000))});
      }
      if (!able[one]) {
        bench.policy.enqueue(queue, EntityId{one},
                             draw(4) == 0 ? EnqueueReason::created : EnqueueReason::woken);
        able[one] = true;
      } else {
        if (current && draw(2) == 0) {
          bench.sleep(*current);
          able[*current] = false;
        } else if (current) {
          bench.put_back(*current);
        }
        const auto grant = bench.policy.pick_next(queue);
        current = grant ? std::optional{static_cast<std::uint32_t>(grant->entity)} : std::nullopt;
      }
      ASSERT_GE(bench.policy.least_virtual_time(queue), least) << "seed " << seed << " " << step;
      least = bench.policy.least_virtual_time(queue);
    }
    EXPECT_GT(least, 0);
  }
}

TEST(Cfs, shares_follow_the_weights) {
  EntityParameters nice_5{};
  nice_5.weight = weight_of_nice(5);
  CfsBench bench{{}, {{}, nice_5}};
  bench.wake_all(2);
  sim::Duration first{};
  constexpr int rounds = 20'000;
  for (int i = 0; i < rounds; ++i) {
    const std::uint32_t one = bench.pick();
    bench.run(one, 1ms);
    first += one == 0 ? 1ms : 0ms;
    bench.put_back(one);
  }
  EXPECT_NEAR(static_cast<double>(first.count()) / (rounds * 1e6), 0.7535, 0.001);
}

}  // namespace
}  // namespace timeslice::models
