// What every scheduling policy must do, whatever its taste.
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "models/os/linux_classes.hpp"
#include "models/os/policy.hpp"
#include "sim/random.hpp"
#include "tests/models/os/one_queue.hpp"

namespace timeslice::models {
namespace {

using namespace std::chrono_literals;

using os_bench::queue;

PolicySpec spec_of(PolicyKind kind) {
  return {.kind = kind, .scope = QueueScope::per_cpu, .slice = 1ms, .scale_by_cpus = false};
}

/// Every policy there is, in each of its forms, and Linux's classes around the fair ones.
struct Named {
  const char* name;
  PolicySpec spec;
  bool in_classes = false;
  bool ticks = false;
};

PolicySpec protects(Protection protect, bool delayed_dequeue = true) {
  PolicySpec spec = spec_of(PolicyKind::eevdf);
  spec.protect = protect;
  spec.delayed_dequeue = delayed_dequeue;
  return spec;
}

PolicySpec with_buddy() {
  PolicySpec spec = spec_of(PolicyKind::eevdf);
  spec.next_buddy = true;
  return spec;
}

const Named policies[]{
    {"fifo", spec_of(PolicyKind::fifo)},
    {"round_robin", spec_of(PolicyKind::round_robin)},
    {"eevdf", spec_of(PolicyKind::eevdf)},
    {"eevdf_unprotected", protects(Protection::none)},
    {"eevdf_min_slice", protects(Protection::min_slice)},
    {"eevdf_unscaled", protects(Protection::unscaled)},
    {"eevdf_before_6_12", protects(Protection::deadline, false)},
    {"eevdf_with_ticks", protects(Protection::deadline), false, true},
    {"eevdf_unscaled_with_ticks", protects(Protection::unscaled), false, true},
    {"eevdf_next_buddy", with_buddy()},
    {"cfs", spec_of(PolicyKind::cfs)},
    {"cfs_with_ticks", spec_of(PolicyKind::cfs), false, true},
    {"classes_around_eevdf", spec_of(PolicyKind::eevdf), true},
    {"classes_around_eevdf_min_slice", protects(Protection::min_slice), true, true},
    {"classes_around_cfs", spec_of(PolicyKind::cfs), true},
    {"sjf", spec_of(PolicyKind::sjf)},
    {"srtf", spec_of(PolicyKind::srtf)},
    {"priority", spec_of(PolicyKind::priority)},
    {"mlfq", spec_of(PolicyKind::mlfq)},
    {"lottery", spec_of(PolicyKind::lottery)},
    {"stride", spec_of(PolicyKind::stride)},
    {"edf", spec_of(PolicyKind::edf)},
    {"rm", spec_of(PolicyKind::rm)},
};

std::unique_ptr<Policy> make(const Named& named) {
  auto policy = make_policy(named.spec, 1);
  if (!named.in_classes) {
    return policy;
  }
  return std::make_unique<LinuxClasses>(std::move(policy), LinuxClasses::Config{}, 0, 0);
}

class EveryPolicy : public ::testing::TestWithParam<Named> {
 protected:
  void SetUp() override {
    policy = make(GetParam());
    policy->add_queue(queue);
    if (GetParam().ticks) {
      policy->set_ticks(queue, {.period = 4ms, .first = sim::Instant{1ms}});
    }
  }
  void add(std::uint32_t entities) {
    for (std::uint32_t i = 0; i < entities; ++i) {
      policy->add_entity(EntityId{i}, {.weight = 1024});
    }
  }
  std::unique_ptr<Policy> policy;
};

INSTANTIATE_TEST_SUITE_P(Policies, EveryPolicy, ::testing::ValuesIn(policies),
                         [](const auto& one) { return std::string{one.param.name}; });

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

TEST_P(EveryPolicy, equals_run_in_order_of_arrival) {
  if (GetParam().spec.kind == PolicyKind::lottery) {
    GTEST_SKIP() << "chance decides: see Lottery";
  }
  add(5);
  for (std::uint32_t i = 0; i < 5; ++i) {
    policy->enqueue(queue, EntityId{i}, EnqueueReason::woken);
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
    policy->enqueue(queue, EntityId{i}, EnqueueReason::woken);
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
  sim::Instant now{};
  for (std::uint32_t step = 0; step < 20'000; ++step) {
    const auto draw = [&](std::uint64_t n) { return random.below({.step = step}, n); };
    if (step % 7 == 0) {
      const auto one =
          static_cast<std::uint32_t>(random.below({.item = 1, .step = step}, entities));
      policy->set_weight(queue, EntityId{one}, 15 + step % 3000);
    }
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
          const sim::Duration ran{
              static_cast<std::int64_t>(random.below({.item = 2, .step = step}, 3'000'000))};
          now += ran;
          policy->tell_time(now);
          policy->charge(queue, *current, ran);
          EXPECT_GE(policy->slice_left(queue, *current), 0ns);
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
