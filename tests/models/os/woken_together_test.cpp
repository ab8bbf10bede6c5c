// Threads that are woken inside one system call: one reschedule at its end, and who goes first.
#include <vector>

#include <gtest/gtest.h>

#include "models/os/cfs.hpp"
#include "models/os/eevdf.hpp"
#include "models/trace_kinds.hpp"
#include "tests/models/os/one_queue.hpp"
#include "tests/models/os/os_bench.hpp"

namespace timeslice::models {
namespace {

using namespace std::chrono_literals;
using os_bench::queue;
using os_bench::quiet_os;
using os_bench::small_machine;
using os_bench::World;

constexpr std::uint32_t writer_id = 0;

Program sleeper(World& world, ThreadId thread, sim::Duration run) {
  while (true) {
    co_await world.dispatcher.block(thread, {.what = WaitFor::pipe_read, .object = 1});
    co_await world.work(thread, run);
  }
}

/// Works for 9 ms, then wakes everybody in one system call of 100 us, then works on.
Program writer(World& world, ThreadId thread, const std::vector<ThreadId>& others) {
  co_await world.work(thread, 9ms);
  co_await world.work(thread, 50us, WorkKind::kernel);
  for (const ThreadId other : others) {
    world.dispatcher.wake(other, {.thread = static_cast<std::uint32_t>(thread)});
    co_await world.work(thread, 10us, WorkKind::kernel);
  }
  co_await world.work(thread, 10ms);
}

struct Outcome {
  std::vector<std::uint32_t> order;  // of first runs after the call
  sim::Duration first{};             // when the first of them ran
  std::uint64_t preempted = 0;       // switches of the writer that it did not ask for
};

Outcome wake_three(OsSpec os, KernelPreemption preemption) {
  os.preemption = preemption;
  World world{small_machine(1), os};
  const ThreadId waker = world.add();
  std::vector<ThreadId> others;
  for (int i = 0; i < 3; ++i) {
    others.push_back(world.add({.nice = -5}));  // their requests are due before the waker's
    world.start(others.back(), sleeper(world, others.back(), 20us));
  }
  world.run_until(1us);
  world.start(waker, writer(world, waker, others));
  world.run_until(9'400us);
  Outcome seen;
  for (const sim::TraceRecord& record : world.sink.records()) {
    const bool comes = record.kind == static_cast<std::uint16_t>(TraceKind::switch_in);
    if (comes && record.time_ns > 9'000'000 && record.subject != writer_id) {
      seen.first = seen.order.empty() ? sim::Duration{record.time_ns} : seen.first;
      seen.order.push_back(record.subject);
    }
  }
  seen.preempted = world.dispatcher.accounts(waker).switches_involuntary;
  return seen;
}

OsSpec eevdf(bool next_buddy) {
  OsSpec os = quiet_os(PolicyKind::eevdf, 3ms);
  os.policy.next_buddy = next_buddy;
  return os;
}

TEST(WokenTogether, wait_for_one_reschedule_at_the_end_of_the_call) {
  for (const bool buddy : {false, true}) {
    const Outcome seen = wake_three(eevdf(buddy), KernelPreemption::none);
    EXPECT_EQ(seen.first, 9'080us) << "after 9 ms of work, 50 us and three wake-ups of 10 us";
    EXPECT_EQ(seen.preempted, 1U);
    EXPECT_EQ(seen.order.size(), 3U);
  }
  EXPECT_EQ(wake_three(eevdf(false), KernelPreemption::full).first, 9'050us);
}

TEST(WokenTogether, run_in_order_of_virtual_time_or_the_last_one_first) {
  EXPECT_EQ(wake_three(eevdf(false), KernelPreemption::none).order.front(), 1U);
  EXPECT_EQ(wake_three(eevdf(true), KernelPreemption::none).order.front(), 3U);
}

/// CFS looks at no other preempter once it has asked for a reschedule.
TEST(WokenTogether, under_cfs_the_first_preempter_is_favoured) {
  EXPECT_EQ(wake_three(quiet_os(PolicyKind::cfs, 3ms), KernelPreemption::none).order.front(), 1U);
}

/// Two who sleep with credit wake up beside one that runs, at one instant. Returns the credit that
/// the last one has for each that the first one has, and whether the last one is picked first.
struct WithCredit {
  double ratio = 0.0;
  bool last_goes_first = false;
};
WithCredit wake_two_with_credit(sim::Duration first_ran, sim::Duration last_ran) {
  Eevdf policy{{.slice = 3ms, .base_slice = 3ms}};
  constexpr EntityId runner{0};
  constexpr EntityId first{1};
  constexpr EntityId last{2};
  policy.add_queue(queue);
  for (const EntityId entity : {runner, first, last}) {
    policy.add_entity(entity, {.weight = 1024});
    policy.enqueue(queue, entity, EnqueueReason::created);
  }
  EXPECT_EQ(policy.pick_next(queue)->entity, runner);
  policy.charge(queue, runner, 3ms);
  policy.enqueue(queue, runner, EnqueueReason::slice_used_up);
  double ratio = 1.0;
  for (const EntityId entity : {first, last}) {
    EXPECT_EQ(policy.pick_next(queue)->entity, entity);
    policy.charge(queue, entity, entity == first ? first_ran : last_ran);
    const auto credit = static_cast<double>(policy.lag_ns(queue, entity));
    EXPECT_GT(credit, 0.0) << "it goes to sleep eligible, so it is owed that much for ever";
    ratio = entity == first ? 1.0 / credit : ratio * credit;
    policy.dequeue(queue, entity, DequeueReason::blocked);
  }
  EXPECT_EQ(policy.pick_next(queue)->entity, runner);
  policy.charge(queue, runner, 1ms);
  policy.enqueue(queue, first, EnqueueReason::woken);
  policy.enqueue(queue, last, EnqueueReason::woken);
  policy.enqueue(queue, runner, EnqueueReason::preempted);
  return {.ratio = ratio, .last_goes_first = policy.pick_next(queue)->entity == last};
}

/// Who comes with credit L stands 2 L before the runner and takes the average back by L; the next
/// one is placed relative to that, at 1.5 of its own credit: it wins with more than 2/3 of L.
TEST(WokenTogether, of_two_with_credit_the_last_goes_first_unless_its_credit_is_much_smaller) {
  const WithCredit less = wake_two_with_credit(10us, 1'400us);
  EXPECT_GT(less.ratio, 0.70);
  EXPECT_LT(less.ratio, 1.0) << "by credit alone the first one would go first";
  EXPECT_TRUE(less.last_goes_first);
  const WithCredit much_less = wake_two_with_credit(10us, 1'900us);
  EXPECT_LT(much_less.ratio, 0.64);
  EXPECT_FALSE(much_less.last_goes_first);
}

TEST(NextBuddy, waits_until_it_is_eligible) {
  Eevdf policy{{.slice = 3ms, .base_slice = 3ms, .delayed_dequeue = false, .next_buddy = true}};
  policy.add_queue(queue);
  for (std::uint32_t i = 0; i < 3; ++i) {
    policy.add_entity(EntityId{i}, {.weight = 1024});
    policy.enqueue(queue, EntityId{i}, EnqueueReason::created);
  }
  ASSERT_EQ(policy.pick_next(queue)->entity, EntityId{0});
  policy.charge(queue, EntityId{0}, 3ms);
  policy.dequeue(queue, EntityId{0}, DequeueReason::blocked);
  ASSERT_EQ(policy.pick_next(queue)->entity, EntityId{1});
  policy.enqueue(queue, EntityId{0}, EnqueueReason::woken);  // it owes: its time is ahead
  policy.enqueue(queue, EntityId{1}, EnqueueReason::preempted);
  for (const sim::Duration ran : {3ms, 4ms}) {
    const EntityId other = policy.pick_next(queue)->entity;
    ASSERT_NE(other, EntityId{0}) << "the buddy is not eligible";
    policy.charge(queue, other, ran);
    policy.enqueue(queue, other, EnqueueReason::slice_used_up);
  }
  EXPECT_EQ(policy.pick_next(queue)->entity, EntityId{0}) << "it is by now";
}

}  // namespace
}  // namespace timeslice::models
