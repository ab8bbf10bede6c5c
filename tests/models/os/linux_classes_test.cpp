#include "models/os/linux_classes.hpp"

#include <map>
#include <memory>
#include <set>

#include <gtest/gtest.h>

#include "sim/random.hpp"
#include "tests/models/os/one_queue.hpp"

namespace timeslice::models {
namespace {

using namespace std::chrono_literals;

using os_bench::queue;
constexpr std::uint32_t classed_entities = 40;

std::unique_ptr<Policy> fair_policy() {
  return make_policy({.kind = PolicyKind::fair, .slice = 1ms, .scale_by_cpus = false}, 1);
}

EntityParameters parameters_of(std::uint32_t entity) {
  switch (entity % 5) {
    case 0:
      return {.scheduling_class = SchedulingClass::fifo,
              .priority = static_cast<std::uint8_t>(1 + entity)};
    case 1:
      return {.scheduling_class = SchedulingClass::round_robin, .priority = 7};
    case 2:
      return {.scheduling_class = SchedulingClass::deadline,
              .runtime = 1ms,
              .deadline = 10ms,
              .period = 20ms};
    case 3:
      return {.scheduling_class = SchedulingClass::batch};
    default:
      return {};
  }
}

std::unique_ptr<LinuxClasses> mixed(RealTimeSpec::Limit limit) {
  RealTimeSpec real_time;
  real_time.limit = limit;
  auto policy = std::make_unique<LinuxClasses>(
      fair_policy(), LinuxClasses::Config{.real_time = real_time, .tick = 0ns}, 0, 0);
  policy->add_queue(queue);
  for (std::uint32_t i = 0; i < classed_entities; ++i) {
    policy->add_entity(EntityId{i}, parameters_of(i));
  }
  return policy;
}

/// Random calls against a plain map of who waits; time goes on, releases come when they are due.
class RandomWalk {
 public:
  RandomWalk(LinuxClasses& policy, std::uint64_t seed) : policy_{policy}, random_{seed} {
    for (std::uint32_t i = 0; i < classed_entities; ++i) {
      absent_.insert(i);
    }
  }

  void step(std::uint32_t number) {
    now_ += sim::Duration{static_cast<std::int64_t>(random_.below({.step = number}, 400'000))};
    policy_.tell_time(now_);
    if (policy_.next_release(queue) <= now_) {
      policy_.release(queue);
      ASSERT_GT(policy_.next_release(queue), now_) << "what was due has been released";
    }
    const auto action = random_.below({.item = 1, .step = number}, 4);
    if (action < 2 && !absent_.empty()) {
      const std::uint32_t one = any(absent_, number);
      policy_.enqueue(queue, EntityId{one}, EnqueueReason::woken);
      absent_.erase(one);
      waiting_.insert(one);
    } else if (action == 2 && !waiting_.empty()) {
      const std::uint32_t one = any(waiting_, number);
      policy_.dequeue(queue, EntityId{one}, DequeueReason::migrated);
      waiting_.erase(one);
      absent_.insert(one);
    } else {
      next(number);
    }
    ASSERT_LE(policy_.waiting(queue), waiting_.size());
  }

  /// Everybody who waits gets a CPU sooner or later.
  void drain() {
    for (int i = 0; i < 100'000 && !(waiting_.empty() && !current_); ++i) {
      now_ += 100us;
      policy_.tell_time(now_);
      policy_.release(queue);
      next(1);
    }
    EXPECT_TRUE(waiting_.empty()) << waiting_.size() << " are lost";
    EXPECT_EQ(policy_.urgent_waiting(), 0U);
    EXPECT_EQ(policy_.next_release(queue), sim::Instant::max());
  }

 private:
  static std::uint32_t any(const std::set<std::uint32_t>& from, std::uint32_t number) {
    return *std::next(from.begin(), static_cast<std::ptrdiff_t>(number % from.size()));
  }

  void next(std::uint32_t number) {
    if (current_) {
      policy_.charge(queue, *current_, now_ - picked_);
      const auto id = static_cast<std::uint32_t>(*current_);
      if (number % 2 == 1) {
        policy_.dequeue(queue, *current_, DequeueReason::blocked);
        absent_.insert(id);
      } else {
        policy_.enqueue(queue, *current_, EnqueueReason::preempted);
        waiting_.insert(id);
      }
      current_.reset();
    }
    const std::uint32_t able = policy_.waiting(queue);
    const auto grant = policy_.pick_next(queue);
    ASSERT_EQ(grant.has_value(), able > 0);
    if (grant) {
      ASSERT_EQ(waiting_.erase(static_cast<std::uint32_t>(grant->entity)), 1U);
      EXPECT_FALSE(policy_.is_outranked(queue, grant->entity));
      current_ = grant->entity;
      picked_ = now_;
    }
  }

  LinuxClasses& policy_;
  sim::Random random_;
  std::set<std::uint32_t> waiting_;
  std::set<std::uint32_t> absent_;
  std::optional<EntityId> current_;
  sim::Instant now_{1ms};
  sim::Instant picked_{};
};

TEST(LinuxClasses, lose_and_duplicate_nobody) {
  for (const auto limit : {RealTimeSpec::Limit::none, RealTimeSpec::Limit::throttle,
                           RealTimeSpec::Limit::fair_server}) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
      SCOPED_TRACE(seed);
      const auto policy = mixed(limit);
      RandomWalk walk{*policy, seed};
      for (std::uint32_t number = 0; number < 10'000; ++number) {
        ASSERT_NO_FATAL_FAILURE(walk.step(number));
      }
      walk.drain();
    }
  }
}

TEST(LinuxClasses, go_on_from_a_fair_policy_in_use) {
  auto fair = fair_policy();
  fair->add_queue(queue);
  fair->add_entity(EntityId{0}, {});
  fair->add_entity(EntityId{1}, {});
  fair->enqueue(queue, EntityId{0}, EnqueueReason::created);
  fair->enqueue(queue, EntityId{1}, EnqueueReason::created);
  ASSERT_EQ(fair->pick_next(queue)->entity, EntityId{0});
  LinuxClasses classes{std::move(fair), {.real_time = {}, .tick = 0ns}, 2, 1};
  classes.add_entity(EntityId{2}, {.scheduling_class = SchedulingClass::fifo, .priority = 1});
  classes.enqueue(queue, EntityId{2}, EnqueueReason::woken);
  EXPECT_TRUE(classes.preempts(queue, EntityId{2}, EntityId{0}));
  classes.charge(queue, EntityId{0}, 1ms);
  classes.enqueue(queue, EntityId{0}, EnqueueReason::preempted);
  EXPECT_EQ(classes.pick_next(queue)->entity, EntityId{2});
  classes.dequeue(queue, EntityId{2}, DequeueReason::blocked);
  EXPECT_EQ(classes.pick_next(queue)->entity, EntityId{1});
}

TEST(LinuxClasses, a_balancer_is_offered_fair_entities_only) {
  const auto policy = mixed(RealTimeSpec::Limit::none);
  for (std::uint32_t i = 0; i < 5; ++i) {
    policy->enqueue(queue, EntityId{i}, EnqueueReason::created);
  }
  const auto urgent = [](const void*, EntityId entity) { return index_of(entity) < 3; };
  EXPECT_FALSE(policy->candidate_to_move(queue, {.accepts = urgent}).has_value());
  EXPECT_EQ(policy->candidate_to_move(queue), EntityId{4});
  EXPECT_EQ(policy->most_urgent(queue, {.accepts = urgent}), EntityId{2}) << "a deadline";
}

TEST(DeadlineClass, a_short_sleep_earns_no_new_budget) {
  LinuxClasses policy{fair_policy(), {.real_time = {}, .tick = 0ns}, 0, 0};
  policy.add_queue(queue);
  policy.add_entity(EntityId{0}, {.scheduling_class = SchedulingClass::deadline,
                                  .runtime = 4ms,
                                  .deadline = 10ms,
                                  .period = 10ms});
  policy.tell_time(sim::Instant{1ms});
  policy.enqueue(queue, EntityId{0}, EnqueueReason::woken);
  EXPECT_EQ(policy.pick_next(queue)->slice, 4ms);
  policy.charge(queue, EntityId{0}, 3ms);
  policy.dequeue(queue, EntityId{0}, DequeueReason::blocked);
  policy.tell_time(sim::Instant{5ms});
  policy.enqueue(queue, EntityId{0}, EnqueueReason::woken);
  EXPECT_EQ(policy.pick_next(queue)->slice, 1ms) << "1 ms of 4 in 6 of 10 ms: kept";
  policy.dequeue(queue, EntityId{0}, DequeueReason::blocked);
  policy.tell_time(sim::Instant{10ms});
  policy.enqueue(queue, EntityId{0}, EnqueueReason::woken);
  EXPECT_EQ(policy.pick_next(queue)->slice, 4ms) << "1 ms in 1 of 10 ms: a new period";
}

}  // namespace
}  // namespace timeslice::models
