// EEVDF on random walks of calls, against its invariants.
#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "models/os/eevdf.hpp"
#include "sim/random.hpp"
#include "tests/models/os/one_queue.hpp"

namespace timeslice::models {
namespace {

using namespace std::chrono_literals;

using os_bench::queue;

/// One CPU on which threads of all weights and classes come, run, sleep, yield and go.
class Walk {
 public:
  Walk(std::uint64_t seed, const Eevdf::Config& config, std::uint32_t entities, Ticks ticks)
      : random_{seed}, policy{config}, sleeping_(entities) {
    policy.add_queue(queue);
    policy.set_ticks(queue, ticks);
    for (std::uint32_t i = 0; i < entities; ++i) {
      EntityParameters parameters{.weight = weight_of_nice(static_cast<int>(draw(40)) - 20)};
      parameters.slice = draw(4) == 0 ? sim::Duration{100us + draw(5) * 1ms} : sim::Duration{};
      policy.add_entity(EntityId{i}, parameters);
      sleeping_[i] = i;
    }
  }

  void step() {
    now_ += sim::Duration{static_cast<std::int64_t>(draw(3'000'000))};
    const sim::Duration ran = now_ - settled_;
    settled_ = now_;
    policy.tell_time(now_);
    if (current != nobody) {
      policy.charge(queue, EntityId{current}, ran);
    }
    switch (draw(5)) {
      case 0:
      case 1:
        wake_one();
        break;
      case 2:
        reweigh_one();
        break;
      default:
        switch_current();
    }
  }

  [[nodiscard]] std::uint64_t draw(std::uint64_t below) {
    return random_.below({.step = drawn_++}, below);
  }

  static constexpr std::uint32_t nobody = 0xffffffffU;

 private:
  void wake_one() {
    if (sleeping_.empty()) {
      return;
    }
    const auto at = static_cast<std::ptrdiff_t>(draw(sleeping_.size()));
    const std::uint32_t one = sleeping_[static_cast<std::size_t>(at)];
    sleeping_.erase(sleeping_.begin() + at);
    policy.enqueue(queue, EntityId{one}, EnqueueReason::woken);
    able.insert(one);
  }

  void reweigh_one() {
    const auto one = static_cast<std::uint32_t>(draw(able.size() + sleeping_.size()));
    policy.set_weight(queue, EntityId{one}, weight_of_nice(static_cast<int>(draw(40)) - 20));
  }

  void switch_current() {
    if (current != nobody && draw(3) == 0) {
      policy.dequeue(queue, EntityId{current}, DequeueReason::blocked);
      able.erase(current);
      sleeping_.push_back(current);
    } else if (current != nobody) {
      policy.enqueue(queue, EntityId{current},
                     draw(4) == 0 ? EnqueueReason::yielded : EnqueueReason::slice_used_up);
    }
    const auto grant = policy.pick_next(queue);
    ASSERT_EQ(grant.has_value(), !able.empty());
    current = grant ? static_cast<std::uint32_t>(grant->entity) : nobody;
    if (grant) {
      picked_eligible = policy.eligible(queue, grant->entity);
    }
  }

  sim::Random random_;
  std::uint32_t drawn_ = 0;

 public:
  Eevdf policy;
  std::set<std::uint32_t> able;
  std::uint32_t current = nobody;
  bool picked_eligible = true;

 private:
  std::vector<std::uint32_t> sleeping_;
  sim::Instant now_{};
  sim::Instant settled_{};
};

/// All who count in the average: the able, and those who are asleep but still queued.
std::vector<EntityId> present(const Walk& walk, std::uint32_t entities) {
  std::vector<EntityId> found;
  for (std::uint32_t i = 0; i < entities; ++i) {
    if (walk.able.contains(i) || walk.policy.stays_queued(queue, EntityId{i})) {
      found.push_back(EntityId{i});
    }
  }
  return found;
}

TEST(EevdfWalk, lag_sums_to_zero_and_somebody_is_always_eligible) {
  constexpr std::uint32_t entities = 25;
  bool delayed_seen = false;
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    const Ticks ticks = seed % 2 == 0 ? Ticks{} : Ticks{.period = 4ms, .first = sim::Instant{1ms}};
    const auto protect = static_cast<Protection>(seed % 4);
    Walk walk{seed, {.slice = 2100us, .base_slice = 700us, .protect = protect}, entities, ticks};
    for (int step = 0; step < 3'000; ++step) {
      walk.step();
      const std::vector<EntityId> all = present(walk, entities);
      delayed_seen = delayed_seen || all.size() > walk.able.size();
      WideInteger sum = 0;
      bool eligible = all.empty();
      for (const EntityId entity : all) {
        sum += walk.policy.exact_lag(queue, entity);
        eligible = eligible || walk.policy.eligible(queue, entity);
      }
      ASSERT_TRUE(sum == 0) << "seed " << seed << " step " << step;
      ASSERT_TRUE(eligible) << "seed " << seed << " step " << step;
      ASSERT_TRUE(walk.picked_eligible) << "seed " << seed << " step " << step;
    }
  }
  EXPECT_TRUE(delayed_seen) << "the walk reaches delayed dequeue";
}

/// However a run is cut into charges, virtual time comes out the same.
TEST(EevdfWalk, it_does_not_matter_into_how_many_pieces_a_run_is_cut) {
  const sim::Random random{5};
  Eevdf whole{{.slice = 1s, .base_slice = 1s}};
  Eevdf pieces{{.slice = 1s, .base_slice = 1s}};
  sim::Duration ran{};
  for (Eevdf* policy : {&whole, &pieces}) {
    policy->add_queue(queue);
    for (std::uint32_t i = 0; i < 2; ++i) {
      policy->add_entity(EntityId{i}, {.weight = 88761});
      policy->enqueue(queue, EntityId{i}, EnqueueReason::woken);
    }
    ASSERT_EQ(policy->pick_next(queue)->entity, EntityId{0});
  }
  for (std::uint32_t step = 0; step < 1'000; ++step) {
    const sim::Duration piece{static_cast<std::int64_t>(random.below({.step = step}, 50))};
    pieces.charge(queue, EntityId{0}, piece);
    ran += piece;
  }
  whole.charge(queue, EntityId{0}, ran);
  EXPECT_EQ(whole.virtual_time(EntityId{0}), pieces.virtual_time(EntityId{0}));
  EXPECT_EQ(whole.average(queue), pieces.average(queue));
}

/// Burners of any weights beside a sleeper: shares follow the weights, and nobody waits longer than
/// the others can use before it becomes eligible again.
TEST(EevdfWalk, nobody_starves_and_shares_follow_the_weights) {
  constexpr std::uint32_t entities = 6;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const sim::Random random{seed};
    Eevdf policy{{.slice = 1ms, .base_slice = 1ms}};
    policy.add_queue(queue);
    std::vector<double> weights(entities);
    std::vector<std::int64_t> ran_ns(entities);
    std::vector<std::int64_t> last_run(entities);
    double weight = 0.0;
    for (std::uint32_t i = 0; i < entities; ++i) {
      const auto nice = static_cast<int>(random.below({.item = i}, 21)) - 10;
      weights[i] = weight_of_nice(nice);
      weight += weights[i];
      policy.add_entity(EntityId{i}, {.weight = weight_of_nice(nice)});
      policy.enqueue(queue, EntityId{i}, EnqueueReason::created);
    }
    constexpr std::int64_t quantum = 1'000'000;
    constexpr std::int64_t rounds = 60'000;
    std::int64_t longest = 0;
    for (std::int64_t round = 0; round < rounds; ++round) {
      const auto grant = policy.pick_next(queue);
      const std::size_t chosen = index_of(grant->entity);
      policy.charge(queue, grant->entity, sim::Duration{quantum});
      policy.enqueue(queue, grant->entity, EnqueueReason::slice_used_up);
      longest = std::max(longest,
                         (round - last_run[chosen]) * static_cast<std::int64_t>(weights[chosen]));
      last_run[chosen] = round;
      ran_ns[chosen] += quantum;
    }
    // A turn every weight / own weight slices, and at most two slices of lag more.
    EXPECT_LE(static_cast<double>(longest), 3.0 * weight + 2.0 * 9548) << "seed " << seed;
    for (std::uint32_t i = 0; i < entities; ++i) {
      const double share = static_cast<double>(ran_ns[i]) / (quantum * rounds);
      EXPECT_NEAR(share, weights[i] / weight, 0.001) << "seed " << seed << " entity " << i;
    }
  }
}

}  // namespace
}  // namespace timeslice::models
