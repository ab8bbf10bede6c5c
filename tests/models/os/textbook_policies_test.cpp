// The textbook policies by plain calls: each rule of docs/models on its own.
#include <vector>

#include <gtest/gtest.h>

#include "models/os/lottery.hpp"
#include "models/os/mlfq.hpp"
#include "models/os/priority.hpp"
#include "models/os/ranked.hpp"
#include "models/os/stride.hpp"
#include "tests/models/os/one_queue.hpp"

namespace timeslice::models {
namespace {

using namespace std::chrono_literals;

using os_bench::queue;
constexpr EntityId a{0};
constexpr EntityId b{1};
constexpr EntityId c{2};

sim::Instant at(sim::Duration time) {
  return sim::Instant{time};
}

Job length(sim::Duration length) {
  Job job;
  job.length = length;
  return job;
}

/// Entities 0 .. weights-1 and one queue.
void set_up(Policy& policy, const std::vector<std::uint32_t>& weights) {
  policy.add_queue(queue);
  for (std::uint32_t i = 0; i < weights.size(); ++i) {
    policy.add_entity(EntityId{i}, {.weight = weights[i]});
  }
}

EntityId pick(Policy& policy) {
  const auto grant = policy.pick_next(queue);
  EXPECT_TRUE(grant.has_value());
  return grant ? grant->entity : EntityId{99};
}

TEST(Sjf, picks_the_shortest_and_lets_it_run) {
  Ranked policy{{.order = Ranked::Order::work_left, .preemptive = false}};
  set_up(policy, {1024, 1024, 1024});
  policy.begin_job(a, length(6ms));
  policy.begin_job(b, length(3ms));
  policy.begin_job(c, length(1ms));
  policy.enqueue(queue, a, EnqueueReason::created);
  policy.enqueue(queue, b, EnqueueReason::created);
  ASSERT_EQ(pick(policy), b);
  policy.charge(queue, b, 1ms);
  policy.enqueue(queue, c, EnqueueReason::woken);
  EXPECT_FALSE(policy.preempts(queue, c, b)) << "not preemptive";
  EXPECT_EQ(policy.slice_left(queue, b), no_limit);
  policy.dequeue(queue, b, DequeueReason::blocked);
  EXPECT_EQ(pick(policy), c);
}

TEST(Srtf, compares_what_is_left) {
  Ranked policy{{.order = Ranked::Order::work_left}};
  set_up(policy, {1024, 1024});
  policy.begin_job(a, length(8ms));
  policy.begin_job(b, length(4ms));
  policy.enqueue(queue, a, EnqueueReason::created);
  ASSERT_EQ(pick(policy), a);
  policy.charge(queue, a, 3ms);
  policy.enqueue(queue, b, EnqueueReason::woken);
  EXPECT_TRUE(policy.preempts(queue, b, a)) << "4 against 5 left";
  policy.charge(queue, a, 1ms);
  EXPECT_FALSE(policy.preempts(queue, b, a)) << "4 against 4: who runs stays";
}

TEST(Edf, equal_deadlines_go_to_the_lower_index_and_other_threads_come_last) {
  Ranked policy{{.order = Ranked::Order::deadline}};
  set_up(policy, {1024, 1024, 1024});
  const Job job{.deadline = at(10ms), .period = 10ms};
  policy.begin_job(c, job);
  policy.begin_job(b, job);
  policy.enqueue(queue, a, EnqueueReason::created);
  policy.enqueue(queue, c, EnqueueReason::created);
  policy.enqueue(queue, b, EnqueueReason::created);
  EXPECT_TRUE(policy.preempts(queue, b, c));
  EXPECT_TRUE(policy.less_urgent(a, c));
  EXPECT_EQ(pick(policy), b);
  EXPECT_EQ(pick(policy), c);
  EXPECT_TRUE(policy.outranked(queue, b) == false) << "an ordinary thread waits";
  EXPECT_EQ(pick(policy), a);
}

TEST(Edf, a_job_that_begins_later_may_be_less_urgent_than_who_waits) {
  Ranked policy{{.order = Ranked::Order::deadline}};
  set_up(policy, {1024, 1024});
  policy.begin_job(a, {.deadline = at(10ms), .period = 10ms});
  policy.begin_job(b, {.deadline = at(15ms), .period = 15ms});
  policy.enqueue(queue, a, EnqueueReason::created);
  policy.enqueue(queue, b, EnqueueReason::created);
  ASSERT_EQ(pick(policy), a);
  EXPECT_FALSE(policy.outranked(queue, a));
  policy.begin_job(a, {.deadline = at(20ms), .period = 10ms});
  EXPECT_TRUE(policy.outranked(queue, a));
}

TEST(Priority, orders_by_nice_and_puts_real_time_tasks_first) {
  Priority policy{0ms};
  set_up(policy, {weight_of_nice(-20), weight_of_nice(3), weight_of_nice(3)});
  policy.begin_job(c, {.period = 10ms, .priority = 99});
  for (const EntityId one : {b, a, c}) {
    policy.enqueue(queue, one, EnqueueReason::created);
  }
  EXPECT_EQ(pick(policy), c);
  EXPECT_FALSE(policy.outranked(queue, c));
  EXPECT_EQ(pick(policy), a);
  EXPECT_EQ(pick(policy), b);
  EXPECT_EQ(policy.slice_left(queue, b), no_limit);
}

TEST(Priority, a_change_of_weight_is_a_change_of_level) {
  Priority policy{0ms};
  set_up(policy, {1024, 1024});
  policy.enqueue(queue, a, EnqueueReason::created);
  policy.enqueue(queue, b, EnqueueReason::created);
  policy.set_weight(queue, b, weight_of_nice(-1));
  EXPECT_EQ(pick(policy), b);
}

TEST(Priority, who_waits_long_enough_overtakes_by_one_level_an_age) {
  Priority policy{10ms};
  set_up(policy, {weight_of_nice(0), weight_of_nice(2)});
  policy.tell_time(at(0ms));
  policy.enqueue(queue, a, EnqueueReason::created);
  policy.enqueue(queue, b, EnqueueReason::created);
  const auto grant = policy.pick_next(queue);
  ASSERT_EQ(grant->entity, a);
  EXPECT_EQ(grant->slice, 30ms) << "two levels to draw level, one more to overtake";
  policy.tell_time(at(29ms));
  EXPECT_FALSE(policy.outranked(queue, a));
  EXPECT_EQ(policy.slice_left(queue, a), 1ms);
  policy.tell_time(at(30ms));
  EXPECT_TRUE(policy.outranked(queue, a));
  policy.enqueue(queue, a, EnqueueReason::slice_used_up);
  const auto aged = policy.pick_next(queue);
  EXPECT_EQ(aged->entity, b);
  EXPECT_EQ(aged->slice, 10ms) << "what it won is good for one age, then a's level is better";
  policy.tell_time(at(39ms));
  EXPECT_FALSE(policy.outranked(queue, b));
  policy.tell_time(at(40ms));
  EXPECT_TRUE(policy.outranked(queue, b));
  policy.enqueue(queue, b, EnqueueReason::slice_used_up);
  EXPECT_EQ(pick(policy), a) << "b is back on its own level";
}

TEST(Mlfq, who_uses_up_its_allotment_sinks_and_a_newcomer_is_on_top) {
  Mlfq policy{{.levels = 3, .slice = 10ms, .boost = 0ms}};
  set_up(policy, {1024, 1024, 1024});
  policy.enqueue(queue, a, EnqueueReason::created);
  EXPECT_EQ(policy.pick_next(queue)->slice, 10ms);
  policy.enqueue(queue, b, EnqueueReason::created);
  policy.charge(queue, a, 10ms);
  EXPECT_EQ(policy.slice_left(queue, a), 0ms);
  policy.enqueue(queue, a, EnqueueReason::slice_used_up);
  EXPECT_EQ(policy.level(a), 1U);
  ASSERT_EQ(pick(policy), b);
  policy.charge(queue, b, 10ms);
  policy.enqueue(queue, b, EnqueueReason::slice_used_up);
  EXPECT_EQ(policy.pick_next(queue)->slice, 20ms) << "doubles from level to level";
  policy.enqueue(queue, c, EnqueueReason::created);
  EXPECT_TRUE(policy.preempts(queue, c, a));
  EXPECT_TRUE(policy.outranked(queue, a));
}

TEST(Mlfq, an_allotment_is_used_up_in_pieces_too) {
  Mlfq policy{{.levels = 2, .slice = 10ms, .boost = 0ms}};
  set_up(policy, {1024, 1024});
  policy.enqueue(queue, b, EnqueueReason::created);
  for (int turn = 0; turn < 2; ++turn) {
    policy.enqueue(queue, a, EnqueueReason::woken);
    EXPECT_EQ(policy.level(a), 0U);
    while (pick(policy) != a) {
      policy.enqueue(queue, b, EnqueueReason::yielded);
    }
    policy.charge(queue, a, 5ms);
    policy.dequeue(queue, a, DequeueReason::blocked);
  }
  policy.enqueue(queue, a, EnqueueReason::woken);
  EXPECT_EQ(policy.level(a), 1U) << "giving way in time does not keep it on top";
}

TEST(Mlfq, a_boost_takes_all_to_the_top) {
  Mlfq policy{{.levels = 3, .slice = 10ms, .boost = 100ms}};
  set_up(policy, {1024, 1024});
  policy.tell_time(at(0ms));
  policy.enqueue(queue, a, EnqueueReason::created);
  ASSERT_EQ(pick(policy), a);
  policy.charge(queue, a, 35ms);
  EXPECT_EQ(policy.level(a), 2U) << "alone it sinks as it goes on: 10, then 20";
  policy.enqueue(queue, a, EnqueueReason::preempted);
  policy.enqueue(queue, b, EnqueueReason::created);
  policy.tell_time(at(100ms));
  EXPECT_EQ(policy.level(a), 0U);
  EXPECT_EQ(pick(policy), b) << "the higher ones first";
  EXPECT_EQ(pick(policy), a);
}

/// Shares of CPU-bound entities, a slice at a time.
std::vector<double> shares(Policy& policy, std::uint32_t entities, int slices) {
  for (std::uint32_t i = 0; i < entities; ++i) {
    policy.enqueue(queue, EntityId{i}, EnqueueReason::created);
  }
  std::vector<double> ran(entities);
  for (int i = 0; i < slices; ++i) {
    const auto grant = policy.pick_next(queue);
    policy.charge(queue, grant->entity, grant->slice);
    ran[index_of(grant->entity)] += 1.0 / slices;
    policy.enqueue(queue, grant->entity, EnqueueReason::slice_used_up);
  }
  return ran;
}

TEST(Lottery, shares_follow_the_tickets_within_chance) {
  Lottery policy{10ms, sim::Random{3}};
  set_up(policy, {300, 200, 100});
  const auto got = shares(policy, 3, 60'000);
  // Standard deviation of a share after n draws: sqrt(p q / n) = 0.002 at most; 4 of them.
  EXPECT_NEAR(got[0], 1.0 / 2, 0.0082);
  EXPECT_NEAR(got[1], 1.0 / 3, 0.0077);
  EXPECT_NEAR(got[2], 1.0 / 6, 0.0061);
}

TEST(Lottery, the_seed_decides_who_wins) {
  const auto winners = [](std::uint64_t seed) {
    Lottery policy{10ms, sim::Random{seed}};
    set_up(policy, {1024, 1024});
    return shares(policy, 2, 1'000);
  };
  EXPECT_EQ(winners(1), winners(1));
  EXPECT_NE(winners(1), winners(2));
}

TEST(Stride, after_every_round_the_shares_are_exact) {
  Stride policy{10ms};
  set_up(policy, {300, 200, 100});
  std::vector<int> order;
  for (std::uint32_t i = 0; i < 3; ++i) {
    policy.enqueue(queue, EntityId{i}, EnqueueReason::created);
  }
  std::vector<int> ran(3);
  for (int slice = 1; slice <= 600; ++slice) {
    const auto grant = policy.pick_next(queue);
    policy.charge(queue, grant->entity, grant->slice);
    ++ran[index_of(grant->entity)];
    policy.enqueue(queue, grant->entity, EnqueueReason::slice_used_up);
    EXPECT_NEAR(ran[0], slice / 2.0, 1.5) << slice;
    EXPECT_NEAR(ran[1], slice / 3.0, 1.5) << slice;
    EXPECT_NEAR(ran[2], slice / 6.0, 1.5) << slice;
  }
}

TEST(Stride, who_was_away_neither_gains_nor_owes) {
  Stride policy{10ms};
  set_up(policy, {1024, 1024});
  shares(policy, 2, 100);
  policy.dequeue(queue, b, DequeueReason::blocked);
  for (int slice = 0; slice < 100; ++slice) {
    const auto grant = policy.pick_next(queue);
    policy.charge(queue, grant->entity, grant->slice);
    policy.enqueue(queue, grant->entity, EnqueueReason::slice_used_up);
  }
  policy.enqueue(queue, b, EnqueueReason::woken);
  int ran = 0;
  for (int slice = 0; slice < 10; ++slice) {
    const auto grant = policy.pick_next(queue);
    policy.charge(queue, grant->entity, grant->slice);
    ran += grant->entity == b ? 1 : 0;
    policy.enqueue(queue, grant->entity, EnqueueReason::slice_used_up);
  }
  EXPECT_EQ(ran, 5);
}

TEST(Stride, a_change_of_weight_changes_the_shares) {
  Stride policy{10ms};
  set_up(policy, {1024, 1024});
  policy.set_weight(queue, a, 3072);
  const auto got = shares(policy, 2, 4'000);
  EXPECT_NEAR(got[0], 0.75, 0.001);
}

TEST(OsSpec, every_nice_level_comes_back_from_its_weight) {
  for (int nice = -20; nice < 20; ++nice) {
    EXPECT_EQ(nice_of_weight(weight_of_nice(nice)), nice);
  }
  EXPECT_EQ(nice_of_weight(1), 19);
}

}  // namespace
}  // namespace timeslice::models
