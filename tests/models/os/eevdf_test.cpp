// EEVDF by plain calls: shares, lag, placement, preemption, delayed dequeue.
#include "models/os/eevdf.hpp"

#include <map>
#include <vector>

#include <gtest/gtest.h>

#include "sim/random.hpp"
#include "tests/models/os/one_queue.hpp"

namespace timeslice::models {
namespace {

using namespace std::chrono_literals;

using os_bench::queue;

PolicySpec fair_spec(PolicyKind kind) {
  return {.kind = kind, .scope = QueueScope::per_cpu, .slice = 1ms, .scale_by_cpus = false};
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

TEST(Eevdf, nice_0_against_nice_5_gets_three_quarters) {
  const auto policy = make_policy(fair_spec(PolicyKind::eevdf), 1);
  policy->add_queue(queue);
  policy->add_entity(EntityId{0}, {.weight = weight_of_nice(0)});
  policy->add_entity(EntityId{1}, {.weight = weight_of_nice(5)});
  const auto got = shares(*policy, 2, 4ms, 10'000);
  EXPECT_NEAR(got[0], 0.7535, 0.005);
  EXPECT_NEAR(got[1], 0.2465, 0.005);
}

TEST(Eevdf, shares_follow_the_weights_of_a_thousand_threads) {
  const auto policy = make_policy(fair_spec(PolicyKind::eevdf), 1);
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

TEST(Eevdf, a_sleeper_does_not_save_up_for_more_than_two_slices) {
  Eevdf policy{{.slice = 1ms, .base_slice = 1ms, .protect = Protection::none}};
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

TEST(Eevdf, a_woken_sleeper_preempts_unless_the_runner_is_protected) {
  Eevdf policy{{.slice = 3ms, .base_slice = 700us, .protect = Protection::unscaled}};
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

TEST(Eevdf, a_change_of_weight_changes_the_shares) {
  const auto policy = make_policy(fair_spec(PolicyKind::eevdf), 1);
  policy->add_queue(queue);
  policy->add_entity(EntityId{0}, {.weight = 1024});
  policy->add_entity(EntityId{1}, {.weight = 1024});
  policy->set_weight(queue, EntityId{0}, 3 * 1024);
  const auto got = shares(*policy, 2, 1ms, 4'000);
  EXPECT_NEAR(got[0], 0.75, 0.005);
}

TEST(Eevdf, slices_grow_with_the_number_of_cpus_as_in_linux) {
  const std::map<std::uint32_t, int> factors{{1, 1}, {2, 2}, {3, 2}, {4, 3},
                                             {7, 3}, {8, 4}, {96, 4}};
  for (const auto& [cpus, factor] : factors) {
    PolicySpec spec = fair_spec(PolicyKind::eevdf);
    spec.slice = 700us;
    spec.scale_by_cpus = true;
    const auto policy = make_policy(spec, cpus);
    policy->add_queue(queue);
    policy->add_entity(EntityId{0}, {.weight = 1024});
    policy->enqueue(queue, EntityId{0}, EnqueueReason::woken);
    EXPECT_EQ(policy->pick_next(queue)->slice, 700us * factor) << cpus << " CPUs";
  }
}

/// One queue with entities of nice 0, all there; 0 is picked.
struct EevdfBench {
  explicit EevdfBench(const Eevdf::Config& config, std::vector<EntityParameters> entities,
                      Ticks ticks = {})
      : policy{config} {
    policy.add_queue(queue);
    policy.set_ticks(queue, ticks);
    for (std::uint32_t i = 0; i < entities.size(); ++i) {
      policy.add_entity(EntityId{i}, entities[i]);
    }
    policy.enqueue(queue, EntityId{0}, EnqueueReason::woken);
    EXPECT_EQ(policy.pick_next(queue)->entity, EntityId{0});
    for (std::uint32_t i = 1; i < entities.size(); ++i) {
      policy.enqueue(queue, EntityId{i}, EnqueueReason::woken);
    }
  }

  void run(std::uint32_t entity, sim::Duration length) {
    now += length;
    policy.tell_time(now);
    policy.charge(queue, EntityId{entity}, length);
  }
  std::uint32_t pick() { return static_cast<std::uint32_t>(policy.pick_next(queue)->entity); }
  void put_back(std::uint32_t entity, EnqueueReason reason = EnqueueReason::slice_used_up) {
    policy.enqueue(queue, EntityId{entity}, reason);
  }
  void sleep(std::uint32_t entity) {
    policy.dequeue(queue, EntityId{entity}, DequeueReason::blocked);
  }
  void wake(std::uint32_t entity) { policy.enqueue(queue, EntityId{entity}, EnqueueReason::woken); }
  [[nodiscard]] bool delayed(std::uint32_t entity) const {
    return policy.stays_queued(queue, EntityId{entity});
  }
  [[nodiscard]] bool preempts(std::uint32_t woken, std::uint32_t running) const {
    return policy.preempts(queue, EntityId{woken}, EntityId{running});
  }

  Eevdf policy;
  sim::Instant now{};
};

constexpr Eevdf::Config unprotected{.slice = 1ms, .base_slice = 1ms, .protect = Protection::none};

TEST(Eevdf, who_sleeps_with_a_debt_stays_queued_until_it_is_paid) {
  EevdfBench bench{unprotected, {{}, {}, {}}};
  bench.run(0, 2ms);
  bench.sleep(0);
  EXPECT_TRUE(bench.delayed(0)) << "it ran 2 ms, the average is at 0.67 ms";
  EXPECT_EQ(bench.policy.waiting(queue), 2U) << "asleep is not waiting";
  EXPECT_EQ(bench.policy.candidate_to_move(queue), EntityId{2}) << "nor to be moved";
  ASSERT_EQ(bench.pick(), 1U);
  bench.run(1, 3ms);
  bench.put_back(1);
  ASSERT_EQ(bench.pick(), 2U);
  EXPECT_TRUE(bench.delayed(0)) << "2 was before it in line";
  bench.run(2, 3ms);
  bench.put_back(2);
  ASSERT_EQ(bench.pick(), 1U);
  EXPECT_FALSE(bench.delayed(0)) << "its turn came: it was let go of";
  bench.wake(0);
  EXPECT_EQ(bench.policy.lag_ns(queue, EntityId{0}), 0)
      << "what it was owed meanwhile is not given";
}

TEST(Eevdf, who_wakes_up_in_debt_still_owes_it) {
  EevdfBench bench{unprotected, {{}, {}}};
  bench.run(0, 2ms);
  bench.sleep(0);
  ASSERT_EQ(bench.pick(), 1U);
  bench.run(1, 500us);
  ASSERT_TRUE(bench.delayed(0));
  bench.wake(0);
  EXPECT_FALSE(bench.delayed(0));
  EXPECT_EQ(bench.policy.lag_ns(queue, EntityId{0}), -750'000);
  EXPECT_FALSE(bench.preempts(0, 1));
}

TEST(Eevdf, before_6_12_a_debt_is_kept_over_any_sleep) {
  Eevdf::Config config = unprotected;
  config.delayed_dequeue = false;
  EevdfBench bench{config, {{}, {}}};
  bench.run(0, 2ms);
  bench.sleep(0);
  EXPECT_FALSE(bench.delayed(0));
  ASSERT_EQ(bench.pick(), 1U);
  bench.run(1, 1s);
  bench.wake(0);
  EXPECT_EQ(bench.policy.lag_ns(queue, EntityId{0}), -1'000'000);
}

TEST(Eevdf, beside_a_lone_runner_a_debt_is_found_paid_at_a_tick) {
  EevdfBench bench{unprotected, {{}, {}}, {.period = 4ms, .first = sim::Instant{4ms}}};
  bench.run(0, 2ms);
  bench.sleep(0);
  ASSERT_EQ(bench.pick(), 1U);
  bench.run(1, 1900us);
  EXPECT_TRUE(bench.delayed(0));
  bench.run(1, 50us);
  EXPECT_TRUE(bench.delayed(0)) << "1 has used up its request, but nobody looks before the tick";
  bench.run(1, 50us);
  EXPECT_FALSE(bench.delayed(0)) << "at the tick both are at 2 ms: a tie goes to the queued one";
}

TEST(Eevdf, alone_a_request_is_renewed_at_the_ticks_that_find_it_used_up) {
  const Ticks ticks{.period = 4ms, .first = sim::Instant{1ms}};
  for (const sim::Duration after_tick : {500us, 1500us}) {
    // One run and many give the same.
    for (const int pieces : {1, 7, 100}) {
      Eevdf::Config config = unprotected;
      EevdfBench bench{config, {{}, {}}, ticks};
      bench.run(0, 0us);
      bench.policy.dequeue(queue, EntityId{1}, DequeueReason::blocked);
      const sim::Duration whole = 41ms + after_tick;
      for (int i = 0; i < pieces; ++i) {
        bench.run(0, whole / pieces);
      }
      bench.run(0, whole - whole / pieces * pieces);
      bench.wake(1);
      // A newcomer's deadline is 1 ms from now; the runner's 1 ms from the tick at 41 ms, or from
      // now if that is over: a tie goes to the newcomer.
      EXPECT_EQ(bench.preempts(1, 0), after_tick > 1ms) << pieces;
    }
  }
}

constexpr Ticks rare_ticks{.period = 100ms, .first = sim::Instant{100ms}};

/// 1 sleeps with 2.67 ms to its credit, 0 waits far ahead; 2 is eligible, was freshly picked, and
/// has run for `ran` when 1 wakes up. The deadline of 1 is the earlier one for 2 ms.
bool preempted_after(const Eevdf::Config& config, sim::Duration ran,
                     const EntityParameters& sleeper = {}) {
  EevdfBench bench{config, {{}, sleeper, {}}, rare_ticks};
  bench.run(0, 8ms);
  bench.sleep(1);
  bench.put_back(0);
  EXPECT_EQ(bench.pick(), 2U);
  bench.run(2, 2ms);
  bench.sleep(2);
  bench.wake(2);
  EXPECT_EQ(bench.pick(), 2U);
  bench.run(2, ran);
  bench.wake(1);
  return bench.preempts(1, 2);
}

TEST(Eevdf, each_form_of_protection_ends_where_it_says) {
  struct Case {
    Protection protect;
    sim::Duration safe_for;
  };
  for (const Case& one : {Case{Protection::none, 0us}, Case{Protection::unscaled, 700us},
                          Case{Protection::min_slice, 2ms}, Case{Protection::deadline, 2ms}}) {
    const Eevdf::Config config{.slice = 2ms, .base_slice = 700us, .protect = one.protect};
    for (const sim::Duration ran : {1us, 699us, 701us, 1300us, 1999us, 2001us}) {
      EXPECT_EQ(preempted_after(config, ran), ran > one.safe_for) << ran.count() << " ns";
    }
  }
}

TEST(Eevdf, a_shorter_slice_ends_the_protection) {
  Eevdf::Config config{.slice = 2ms, .base_slice = 700us, .protect = Protection::deadline};
  EntityParameters brief{};
  brief.slice = 500us;
  EXPECT_TRUE(preempted_after(config, 100us, brief));
  config.short_preempts = false;
  EXPECT_FALSE(preempted_after(config, 100us, brief));
}

TEST(Eevdf, the_shortest_slice_on_the_queue_limits_the_protection) {
  EntityParameters brief{};
  brief.slice = 500us;
  const Eevdf::Config config{.slice = 2ms, .base_slice = 700us, .protect = Protection::min_slice};
  const EevdfBench bench{config, {{}, {}, brief}, rare_ticks};
  EXPECT_EQ(bench.policy.slice_left(queue, EntityId{0}), 500us) << "it came after the pick";
  EXPECT_FALSE(preempted_after(config, 400us)) << "nobody has a shorter one";
}

TEST(Eevdf, a_slice_of_ones_own_lies_between_a_tenth_of_a_millisecond_and_a_hundred) {
  for (const auto& [asked, got] :
       std::map<sim::Duration, sim::Duration>{{1us, 100us}, {5ms, 5ms}, {1s, 100ms}, {0us, 1ms}}) {
    EntityParameters own{};
    own.slice = asked;
    const EevdfBench bench{unprotected, {own}};
    EXPECT_EQ(bench.policy.slice_left(queue, EntityId{0}), got);
  }
}

TEST(Eevdf, batch_does_not_preempt_and_idle_gives_way_to_all) {
  Eevdf::Config config{.slice = 2ms, .base_slice = 700us, .protect = Protection::none};
  EntityParameters batch{};
  batch.scheduling_class = SchedulingClass::batch;
  EXPECT_TRUE(preempted_after(config, 1ms));
  EXPECT_FALSE(preempted_after(config, 1ms, batch));
  EntityParameters idle{};
  idle.scheduling_class = SchedulingClass::idle;
  EXPECT_FALSE(preempted_after(config, 1ms, idle));
  config.protect = Protection::deadline;
  EevdfBench bench{config, {idle, {}}};
  bench.sleep(1);
  bench.run(0, 10us);
  bench.wake(1);
  EXPECT_TRUE(bench.preempts(1, 0));
}

TEST(Eevdf, idle_weighs_three_whatever_its_nice_level) {
  Eevdf policy{unprotected};
  policy.add_queue(queue);
  policy.add_entity(EntityId{0}, {.weight = 1024});
  policy.add_entity(EntityId{1}, {.weight = 88761, .scheduling_class = SchedulingClass::idle});
  const auto got = shares(policy, 2, 1ms, 100'000);
  EXPECT_NEAR(got[1], 3.0 / 1027.0, 0.0002);
}

TEST(Eevdf, who_yields_lets_the_others_run_first) {
  EevdfBench bench{unprotected, {{}, {}, {}}};
  bench.put_back(0, EnqueueReason::yielded);
  ASSERT_EQ(bench.pick(), 1U);
  bench.put_back(1, EnqueueReason::yielded);
  EXPECT_EQ(bench.pick(), 2U);
  EevdfBench alone{unprotected, {{}}};
  const VirtualTime before = alone.policy.virtual_time(EntityId{0});
  alone.put_back(0, EnqueueReason::yielded);
  EXPECT_EQ(alone.policy.virtual_time(EntityId{0}), before) << "to nobody: nothing is given up";
}

TEST(Eevdf, who_moves_keeps_the_rest_of_its_request_and_what_it_is_owed) {
  for (const bool keeps : {true, false}) {
    Eevdf::Config config = unprotected;
    config.keeps_request = keeps;
    EevdfBench bench{config, {{}, {}}};
    constexpr QueueId other{1};
    bench.policy.add_queue(other);
    bench.run(0, 400us);
    bench.policy.dequeue(queue, EntityId{0}, DequeueReason::migrated);
    bench.policy.enqueue(other, EntityId{0}, EnqueueReason::migrated);
    EXPECT_EQ(bench.policy.lag_ns(other, EntityId{0}), 0) << "the other queue was empty";
    EXPECT_EQ(bench.policy.pick_next(other)->slice, keeps ? 600us : 1ms);
  }
}

TEST(Eevdf, picked_again_one_has_no_new_protection) {
  const Eevdf::Config config{.slice = 2ms, .base_slice = 700us, .protect = Protection::unscaled};
  EevdfBench bench{config, {{}, {}}, rare_ticks};
  bench.run(0, 700us);
  EXPECT_EQ(bench.policy.slice_left(queue, EntityId{0}), 0us) << "a look asks for a pick";
  bench.policy.set_weight(queue, EntityId{1}, 15);
  bench.sleep(1);
  bench.put_back(0);
  ASSERT_EQ(bench.pick(), 0U);
  bench.wake(1);
  EXPECT_EQ(bench.policy.slice_left(queue, EntityId{0}), 0us);
}

}  // namespace
}  // namespace timeslice::models
