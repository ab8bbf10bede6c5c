// What every scheduling policy must do, whatever its taste.
#include <map>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "models/os/fair.hpp"
#include "models/os/policy.hpp"
#include "sim/random.hpp"

namespace timeslice::models {
namespace {

using namespace std::chrono_literals;

constexpr QueueId queue{0};

PolicySpec spec_of(PolicyKind kind) {
  return {.kind = kind, .scope = QueueScope::per_cpu, .slice = 1ms, .scale_by_cpus = false};
}

class EveryPolicy : public ::testing::TestWithParam<PolicyKind> {
 protected:
  void SetUp() override {
    policy = make_policy(spec_of(GetParam()), 1);
    policy->add_queue(queue);
  }
  void add(std::uint32_t entities) {
    for (std::uint32_t i = 0; i < entities; ++i) {
      policy->add_entity(EntityId{i}, {.weight = 1024});
    }
  }
  std::unique_ptr<Policy> policy;
};

std::string name_of(const ::testing::TestParamInfo<PolicyKind>& parameter) {
  switch (parameter.param) {
    case PolicyKind::fifo:
      return "fifo";
    case PolicyKind::round_robin:
      return "round_robin";
    case PolicyKind::sjf:
      return "sjf";
    case PolicyKind::srtf:
      return "srtf";
    case PolicyKind::priority:
      return "priority";
    case PolicyKind::mlfq:
      return "mlfq";
    case PolicyKind::lottery:
      return "lottery";
    case PolicyKind::stride:
      return "stride";
    case PolicyKind::edf:
      return "edf";
    case PolicyKind::rm:
      return "rm";
    case PolicyKind::fair:
      break;
  }
  return "fair";
}

INSTANTIATE_TEST_SUITE_P(Policies, EveryPolicy,
                         ::testing::Values(PolicyKind::fifo, PolicyKind::round_robin,
                                           PolicyKind::fair, PolicyKind::sjf, PolicyKind::srtf,
                                           PolicyKind::priority, PolicyKind::mlfq,
                                           PolicyKind::lottery, PolicyKind::stride, PolicyKind::edf,
                                           PolicyKind::rm),
                         name_of);

TEST_P(EveryPolicy, picks_nobody_from_an_empty_queue) {
  EXPECT_FALSE(policy->pick_next(queue).has_value());
  EXPECT_FALSE(policy->candidate_to_move(queue).has_value());
  EXPECT_EQ(policy->waiting(queue), 0U);
}

TEST_P(EveryPolicy, grants_time_to_whom_it_picks) {
  add(1);
  policy->enqueue(queue, EntityId{0}, EnqueueReason::created);
  const auto grant = policy->pick_next(queue);
  ASSERT_TRUE(grant.has_value());
  EXPECT_EQ(grant->entity, EntityId{0});
  EXPECT_GT(grant->slice, sim::Duration::zero());
  EXPECT_EQ(policy->waiting(queue), 0U);
}

TEST_P(EveryPolicy, equal_newcomers_run_in_order_of_arrival) {
  if (GetParam() == PolicyKind::lottery) {
    GTEST_SKIP() << "chance decides: see Lottery";
  }
  add(5);
  for (std::uint32_t i = 0; i < 5; ++i) {
    policy->enqueue(queue, EntityId{i}, EnqueueReason::created);
  }
  for (std::uint32_t i = 0; i < 5; ++i) {
    const auto grant = policy->pick_next(queue);
    ASSERT_TRUE(grant.has_value());
    EXPECT_EQ(grant->entity, EntityId{i});
    policy->charge(queue, grant->entity, 100us);
    policy->dequeue(queue, grant->entity, DequeueReason::blocked);
  }
}

TEST_P(EveryPolicy, a_balancer_is_offered_only_whom_it_accepts) {
  add(4);
  for (std::uint32_t i = 0; i < 4; ++i) {
    policy->enqueue(queue, EntityId{i}, EnqueueReason::created);
  }
  EXPECT_EQ(policy->candidate_to_move(queue), EntityId{3}) << "the last in line";
  const auto is_one = [](const void*, EntityId entity) { return entity == EntityId{1}; };
  EXPECT_EQ(policy->candidate_to_move(queue, {.accepts = is_one}), EntityId{1});
  const auto is_nine = [](const void*, EntityId entity) { return entity == EntityId{9}; };
  EXPECT_FALSE(policy->candidate_to_move(queue, {.accepts = is_nine}).has_value());
}

/// Random calls against a plain set of who waits.
TEST_P(EveryPolicy, loses_and_duplicates_nobody) {
  constexpr std::uint32_t entities = 40;
  add(entities);
  const sim::Random random{7};
  std::set<std::uint32_t> waiting;
  std::set<std::uint32_t> absent;
  for (std::uint32_t i = 0; i < entities; ++i) {
    absent.insert(i);
  }
  std::optional<EntityId> current;
  for (std::uint32_t step = 0; step < 20'000; ++step) {
    const auto draw = [&](std::uint64_t n) { return random.below({.step = step}, n); };
    switch (draw(4)) {
      case 0:
      case 1: {
        if (absent.empty()) {
          break;
        }
        const std::uint32_t one =
            *std::next(absent.begin(), static_cast<std::ptrdiff_t>(step % absent.size()));
        policy->enqueue(queue, EntityId{one}, EnqueueReason::woken);
        absent.erase(one);
        waiting.insert(one);
        break;
      }
      case 2: {
        if (waiting.empty()) {
          break;
        }
        const std::uint32_t one =
            *std::next(waiting.begin(), static_cast<std::ptrdiff_t>(step % waiting.size()));
        policy->dequeue(queue, EntityId{one}, DequeueReason::migrated);
        waiting.erase(one);
        absent.insert(one);
        break;
      }
      default: {
        if (current) {
          policy->charge(queue, *current,
                         sim::Duration{static_cast<std::int64_t>(step % 3'000'000)});
          const auto id = static_cast<std::uint32_t>(*current);
          if (step % 3 == 0) {
            policy->dequeue(queue, *current, DequeueReason::blocked);
            absent.insert(id);
          } else {
            policy->enqueue(queue, *current,
                            step % 3 == 1 ? EnqueueReason::preempted : EnqueueReason::yielded);
            waiting.insert(id);
          }
          current.reset();
        }
        const auto grant = policy->pick_next(queue);
        ASSERT_EQ(grant.has_value(), !waiting.empty()) << "step " << step;
        if (grant) {
          ASSERT_EQ(waiting.erase(static_cast<std::uint32_t>(grant->entity)), 1U);
          current = grant->entity;
        }
      }
    }
    ASSERT_EQ(policy->waiting(queue), waiting.size()) << "step " << step;
  }
}

/// Runs threads that never block, `granularity` at a time, and returns their shares.
std::vector<double> shares(Policy& policy, std::size_t entities, sim::Duration granularity,
                           int rounds) {
  std::vector<double> ran(entities);
  for (std::uint32_t i = 0; i < entities; ++i) {
    policy.enqueue(queue, EntityId{i}, EnqueueReason::created);
  }
  for (int i = 0; i < rounds; ++i) {
    const auto grant = policy.pick_next(queue);
    policy.charge(queue, grant->entity, granularity);
    ran[index_of(grant->entity)] += 1.0 / rounds;
    policy.enqueue(queue, grant->entity, EnqueueReason::slice_used_up);
  }
  return ran;
}

TEST(Fair, nice_0_against_nice_5_gets_three_quarters) {
  const auto policy = make_policy(spec_of(PolicyKind::fair), 1);
  policy->add_queue(queue);
  policy->add_entity(EntityId{0}, {.weight = weight_of_nice(0)});
  policy->add_entity(EntityId{1}, {.weight = weight_of_nice(5)});
  const auto got = shares(*policy, 2, 4ms, 10'000);
  EXPECT_NEAR(got[0], 0.7535, 0.005);
  EXPECT_NEAR(got[1], 0.2465, 0.005);
}

TEST(Fair, shares_follow_the_weights_of_a_thousand_threads) {
  const auto policy = make_policy(spec_of(PolicyKind::fair), 1);
  policy->add_queue(queue);
  constexpr std::uint32_t entities = 1'000;
  double weights = 0.0;
  for (std::uint32_t i = 0; i < entities; ++i) {
    policy->add_entity(EntityId{i}, {.weight = weight_of_nice(static_cast<int>(i % 4) * 5 - 10)});
    weights += weight_of_nice(static_cast<int>(i % 4) * 5 - 10);
  }
  const auto got = shares(*policy, entities, 1ms, 400'000);
  std::map<std::uint32_t, double> by_class;
  for (std::uint32_t i = 0; i < entities; ++i) {
    by_class[i % 4] += got[i];
  }
  for (std::uint32_t i = 0; i < 4; ++i) {
    const double expected =
        weight_of_nice(static_cast<int>(i) * 5 - 10) * (entities / 4.0) / weights;
    EXPECT_NEAR(by_class[i] / expected, 1.0, 0.05) << "class " << i;
  }
}

TEST(Fair, a_sleeper_does_not_save_up_for_more_than_two_slices) {
  Fair policy{{.slice = 1ms, .protect = 0ms, .wakeup_preemption = true}};
  policy.add_queue(queue);
  policy.add_entity(EntityId{0}, {.weight = 1024});
  policy.add_entity(EntityId{1}, {.weight = 1024});
  policy.enqueue(queue, EntityId{0}, EnqueueReason::created);
  policy.enqueue(queue, EntityId{1}, EnqueueReason::created);
  ASSERT_EQ(policy.pick_next(queue)->entity, EntityId{0});
  policy.charge(queue, EntityId{0}, 100ms);
  EXPECT_EQ(policy.lag_ns(queue, EntityId{1}), 50'000'000);
  policy.dequeue(queue, EntityId{1}, DequeueReason::blocked);
  policy.charge(queue, EntityId{0}, 500ms);
  policy.enqueue(queue, EntityId{1}, EnqueueReason::woken);
  EXPECT_EQ(policy.lag_ns(queue, EntityId{1}), 2'000'000);
}

TEST(Fair, a_woken_sleeper_preempts_unless_the_runner_is_protected) {
  Fair policy{{.slice = 3ms, .protect = 700us, .wakeup_preemption = true}};
  policy.add_queue(queue);
  policy.add_entity(EntityId{0}, {.weight = 1024});
  policy.add_entity(EntityId{1}, {.weight = 1024});
  policy.enqueue(queue, EntityId{0}, EnqueueReason::created);
  policy.enqueue(queue, EntityId{1}, EnqueueReason::created);
  // 1 has lag when it goes to sleep: 0 ran while it waited.
  ASSERT_EQ(policy.pick_next(queue)->entity, EntityId{0});
  policy.charge(queue, EntityId{0}, 2ms);
  policy.dequeue(queue, EntityId{1}, DequeueReason::blocked);
  policy.enqueue(queue, EntityId{0}, EnqueueReason::slice_used_up);
  ASSERT_EQ(policy.pick_next(queue)->entity, EntityId{0});
  policy.charge(queue, EntityId{0}, 300us);
  policy.enqueue(queue, EntityId{1}, EnqueueReason::woken);
  EXPECT_TRUE(policy.preempts(queue, EntityId{1}, EntityId{0}))
      << "the runner is ahead of the average: not eligible, so its protection is lost";
  policy.dequeue(queue, EntityId{1}, DequeueReason::exited);
  policy.add_entity(EntityId{2}, {.weight = 1024});
  policy.enqueue(queue, EntityId{2}, EnqueueReason::woken);
  EXPECT_FALSE(policy.preempts(queue, EntityId{2}, EntityId{0}))
      << "at lag 0 the runner keeps the CPU while it is protected";
}

TEST(Fair, a_change_of_weight_changes_the_shares) {
  const auto policy = make_policy(spec_of(PolicyKind::fair), 1);
  policy->add_queue(queue);
  policy->add_entity(EntityId{0}, {.weight = 1024});
  policy->add_entity(EntityId{1}, {.weight = 1024});
  policy->set_weight(queue, EntityId{0}, 3 * 1024);
  const auto got = shares(*policy, 2, 1ms, 4'000);
  EXPECT_NEAR(got[0], 0.75, 0.005);
}

TEST(Fair, slices_grow_with_the_number_of_cpus_as_in_linux) {
  const std::map<std::uint32_t, int> factors{{1, 1}, {2, 2}, {3, 2}, {4, 3},
                                             {7, 3}, {8, 4}, {96, 4}};
  for (const auto& [cpus, factor] : factors) {
    PolicySpec spec = spec_of(PolicyKind::fair);
    spec.slice = 700us;
    spec.scale_by_cpus = true;
    const auto policy = make_policy(spec, cpus);
    policy->add_queue(queue);
    policy->add_entity(EntityId{0}, {.weight = 1024});
    policy->enqueue(queue, EntityId{0}, EnqueueReason::woken);
    EXPECT_EQ(policy->pick_next(queue)->slice, 700us * factor) << cpus << " CPUs";
  }
}

TEST(RoundRobin, a_preempted_thread_finishes_its_slice_first) {
  const auto policy = make_policy(spec_of(PolicyKind::round_robin), 1);
  policy->add_queue(queue);
  policy->add_entity(EntityId{0}, {.weight = 1024});
  policy->add_entity(EntityId{1}, {.weight = 1024});
  policy->enqueue(queue, EntityId{0}, EnqueueReason::created);
  policy->enqueue(queue, EntityId{1}, EnqueueReason::created);
  ASSERT_EQ(policy->pick_next(queue)->entity, EntityId{0});
  policy->charge(queue, EntityId{0}, 400us);
  policy->enqueue(queue, EntityId{0}, EnqueueReason::preempted);
  const auto again = policy->pick_next(queue);
  EXPECT_EQ(again->entity, EntityId{0});
  EXPECT_EQ(again->slice, 600us);
  policy->charge(queue, EntityId{0}, 600us);
  EXPECT_EQ(policy->slice_left(queue, EntityId{0}), 0us);
  policy->enqueue(queue, EntityId{0}, EnqueueReason::slice_used_up);
  EXPECT_EQ(policy->pick_next(queue)->entity, EntityId{1});
}

TEST(Fifo, has_no_slices_and_no_preemption) {
  const auto policy = make_policy(spec_of(PolicyKind::fifo), 1);
  policy->add_queue(queue);
  policy->add_entity(EntityId{0}, {.weight = 1024});
  policy->add_entity(EntityId{1}, {.weight = 1024});
  policy->enqueue(queue, EntityId{0}, EnqueueReason::created);
  EXPECT_EQ(policy->pick_next(queue)->slice, no_limit);
  policy->charge(queue, EntityId{0}, 100s);
  policy->enqueue(queue, EntityId{1}, EnqueueReason::woken);
  EXPECT_EQ(policy->slice_left(queue, EntityId{0}), no_limit);
  EXPECT_FALSE(policy->preempts(queue, EntityId{1}, EntityId{0}));
}

TEST(OsSpec, nice_levels_weigh_as_in_linux) {
  EXPECT_EQ(weight_of_nice(-20), 88761U);
  EXPECT_EQ(weight_of_nice(0), 1024U);
  EXPECT_EQ(weight_of_nice(5), 335U);
  EXPECT_EQ(weight_of_nice(19), 15U);
}

}  // namespace
}  // namespace timeslice::models
