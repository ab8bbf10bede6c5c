// What must hold of the fair policies at every instant of a run, in random mixes: lags sum to zero,
// somebody is eligible, and virtual times go back only where a thread is placed anew.
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "models/os/cfs.hpp"
#include "models/os/eevdf.hpp"
#include "models/os/linux_classes.hpp"
#include "tests/dice.hpp"
#include "tests/models/os/os_bench.hpp"
#include "tests/random_cases.hpp"

namespace timeslice::models {
namespace {

using namespace std::chrono_literals;
using cases::Dice;
using os_bench::small_machine;
using os_bench::World;

OsSpec any_fair_os(Dice& dice, PolicyKind kind) {
  OsSpec os;
  os.policy.kind = kind;
  os.policy.protect = static_cast<Protection>(dice.below(4));
  os.policy.delayed_dequeue = dice.below(3) > 0;
  os.policy.next_buddy = dice.below(2) == 0;
  os.policy.keeps_request = dice.below(2) == 0;
  os.preemption = static_cast<KernelPreemption>(dice.below(4));
  os.tick = dice.below(2) == 0 ? 1ms : 4ms;
  if (dice.below(2) == 0) {
    os.groups = {{.name = "a", .parent = {}, .weight = 300},
                 {.name = "b", .parent = GroupId{1}, .weight = 50},
                 {.name = "c", .parent = GroupId{1}, .idle = true}};
    if (dice.below(2) == 0) {
      os.groups[0].quota = CpuQuota{.quota = 2ms + dice.up_to(4ms), .period = 8ms};
    }
  }
  if (dice.below(3) == 0) {
    os.balance = {.kind = BalanceKind::work_conserving};
  }
  return os;
}

Program anything(World& world, ThreadId thread, std::uint64_t seed) {
  Dice dice{seed, 77};
  for (int i = 0; i < 25; ++i) {
    switch (dice.below(6)) {
      case 0: {
        const sim::Duration asleep = dice.up_to(3ms);
        static_cast<void>(co_await world.dispatcher.sleep(thread, asleep));
        break;
      }
      case 1:
        co_await world.dispatcher.yield(thread);
        break;
      case 2:
        world.dispatcher.set_nice(thread, static_cast<int>(dice.below(40)) - 20);
        break;
      default: {
        const sim::Duration length = dice.up_to(4ms);
        co_await world.work(thread, length,
                            dice.below(3) == 0 ? WorkKind::kernel : WorkKind::native);
      }
    }
  }
}

ClassSpec any_fair_class(Dice& dice) {
  switch (dice.below(10)) {
    case 0:
      return {.kind = SchedulingClass::batch};
    case 1:
      return {.kind = SchedulingClass::idle};
    case 2:
      return {.kind = SchedulingClass::round_robin, .priority = 3};
    default:
      return {.slice = dice.below(4) == 0 ? 100us + dice.up_to(5ms) : 0us};
  }
}

const Policy& fair_of(const Policy& policy) {
  const auto* classes = dynamic_cast<const LinuxClasses*>(&policy);
  return classes == nullptr ? policy : classes->fair_policy();
}

void start_any(World& world, Dice& dice, std::uint64_t seed) {
  const auto count = 2 + dice.below(10);
  const bool with_classes = dice.below(2) == 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    ThreadSpec spec{.nice = static_cast<int>(dice.below(10)) - 5};
    if (!world.os.groups.empty()) {
      spec.group = GroupId{static_cast<std::uint32_t>(dice.below(4))};
    }
    if (dice.below(4) == 0) {
      spec.affinity = {CpuId{static_cast<std::uint32_t>(dice.below(world.dispatcher.cpus()))}};
    }
    spec.sched = with_classes ? any_fair_class(dice) : ClassSpec{};
    const ThreadId thread = world.add(spec);
    world.start(thread, anything(world, thread, seed * 1000 + i));
  }
}

sim::StopReason one_event(World& world) {
  sim::Limits limits;
  limits.events = 1;
  return world.run(limits);
}

TEST(FairInvariants, lags_sum_to_zero_and_somebody_is_eligible_in_every_queue) {
  const std::uint64_t cases = timeslice::cases::random_cases(1000);
  for (std::uint64_t seed = 1; seed <= cases; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Dice dice{seed, 77};
    World world{small_machine(static_cast<std::uint32_t>(1 + dice.below(3))),
                any_fair_os(dice, PolicyKind::eevdf), seed};
    start_any(world, dice, seed);
    const auto& policy = dynamic_cast<const Eevdf&>(fair_of(world.dispatcher.policy()));
    for (int steps = 0; one_event(world) == sim::StopReason::event_limit; ++steps) {
      for (std::uint32_t number = 0; steps % 3 == 0 && number < policy.queues(); ++number) {
        ASSERT_TRUE(policy.exact_lag_sum(QueueId{number}) == 0) << "queue " << number;
        ASSERT_TRUE(policy.somebody_is_eligible(QueueId{number})) << "queue " << number;
      }
    }
  }
}

/// Who neither slept, moved, yielded nor was given another weight since the last look.
TEST(FairInvariants, a_present_thread_s_virtual_time_goes_back_only_when_its_weight_changes) {
  const std::uint64_t cases = timeslice::cases::random_cases(1000);
  std::uint64_t compared = 0;
  for (std::uint64_t seed = 1; seed <= cases; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Dice dice{seed, 77};
    OsSpec os = any_fair_os(dice, PolicyKind::eevdf);
    os.groups.clear();  // a thread's entity is its own number
    World world{small_machine(1), os, seed};
    std::vector<ThreadId> threads;
    for (std::uint64_t i = 0; i < 5; ++i) {
      threads.push_back(world.add({.nice = static_cast<int>(i)}));
      world.start(threads.back(), os_bench::compute(world, threads.back(), 5ms + dice.up_to(20ms)));
    }
    const auto& policy = dynamic_cast<const Eevdf&>(world.dispatcher.policy());
    std::map<std::uint32_t, VirtualTime> last;
    while (one_event(world) == sim::StopReason::event_limit) {
      for (std::uint32_t id = 0; id < threads.size(); ++id) {
        if (!policy.is_present(QueueId{0}, EntityId{id})) {
          continue;
        }
        const VirtualTime time = policy.virtual_time(EntityId{id});
        if (const auto before = last.find(id); before != last.end()) {
          ASSERT_GE(time, before->second) << "thread " << id;
          ++compared;
        }
        last[id] = time;
      }
    }
  }
  EXPECT_GT(compared, 1000U);
}

TEST(FairInvariants, the_least_virtual_time_of_cfs_never_goes_back) {
  const std::uint64_t cases = timeslice::cases::random_cases(1000);
  for (std::uint64_t seed = 1; seed <= cases; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Dice dice{seed, 77};
    World world{small_machine(static_cast<std::uint32_t>(1 + dice.below(3))),
                any_fair_os(dice, PolicyKind::cfs), seed};
    start_any(world, dice, seed);
    const auto& policy = dynamic_cast<const Cfs&>(fair_of(world.dispatcher.policy()));
    std::vector<VirtualTime> last;
    while (one_event(world) == sim::StopReason::event_limit) {
      last.resize(policy.queues(), INT64_MIN);
      for (std::uint32_t number = 0; number < policy.queues(); ++number) {
        const VirtualTime least = policy.least_virtual_time(QueueId{number});
        ASSERT_GE(least, last[number]) << "queue " << number;
        last[number] = least;
      }
    }
  }
}

}  // namespace
}  // namespace timeslice::models
