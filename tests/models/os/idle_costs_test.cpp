// What waking an idle CPU, beginning there and setting a timer cost a guest.
#include <functional>

#include <gtest/gtest.h>

#include "models/os/condition.hpp"
#include "models/os/mutex.hpp"
#include "models/os/pipe.hpp"
#include "models/os/semaphore.hpp"
#include "tests/models/os/os_bench.hpp"

namespace timeslice::models {
namespace {

using namespace std::chrono_literals;
using os_bench::quiet_os;
using os_bench::small_machine;
using os_bench::World;

Program sleeper(World& world, ThreadId thread) {
  co_await world.dispatcher.block(thread, WaitCause{});
  co_await world.work(thread, 10us);
}

Program waker(World& world, ThreadId thread, ThreadId other) {
  co_await world.work(thread, 1ms);
  world.dispatcher.wake(other, WakeCause{.thread = static_cast<std::uint32_t>(thread)});
  co_await world.work(thread, 1us, WorkKind::kernel);
}

struct Times {
  sim::Duration waker{};
  sim::Duration sleeper{};
};

/// CPU times of a thread that wakes another one, each on one of these CPUs.
Times run_pair(const MachineSpec& machine, CpuId waker_cpu, CpuId sleeper_cpu) {
  World world{machine, quiet_os(PolicyKind::fifo, 1ms)};
  const ThreadId sleeps = world.add({.affinity = {sleeper_cpu}});
  const ThreadId wakes = world.add({.affinity = {waker_cpu}});
  world.start(sleeps, sleeper(world, sleeps));
  world.start(wakes, waker(world, wakes, sleeps));
  world.run();
  return {.waker = world.dispatcher.accounts(wakes).cpu_time,
          .sleeper = world.dispatcher.accounts(sleeps).cpu_time};
}

TEST(IdleCpus, are_called_at_the_cost_of_who_calls) {
  MachineSpec machine = small_machine(2);
  machine.costs.idle_call = 8us;
  EXPECT_EQ(run_pair(machine, CpuId{0}, CpuId{1}).waker, 1ms + 1us + 8us);
  EXPECT_EQ(run_pair(machine, CpuId{0}, CpuId{0}).waker, 1ms + 1us) << "nobody to call";
}

TEST(IdleCpus, cost_as_much_to_call_when_they_are_busy_and_give_way) {
  MachineSpec machine = small_machine(2);
  machine.costs.idle_call = 8us;
  const auto paid = [&machine](bool gives_way) {
    OsSpec os = quiet_os(PolicyKind::fair, 3ms);
    os.policy.wakeup_preemption = gives_way;
    World world{machine, os};
    const ThreadId sleeps = world.add({.nice = -20, .affinity = {CpuId{1}}});
    const ThreadId busy = world.add({.affinity = {CpuId{1}}});
    const ThreadId wakes = world.add({.affinity = {CpuId{0}}});
    world.start(sleeps, sleeper(world, sleeps));
    world.start(busy, os_bench::compute(world, busy, 5ms));
    world.start(wakes, waker(world, wakes, sleeps));
    world.run();
    return world.dispatcher.accounts(wakes).cpu_time - 1ms - 1us;
  };
  EXPECT_EQ(paid(true), 8us);
  EXPECT_EQ(paid(false), 0us) << "it is left alone";
}

Program napper(World& world, ThreadId thread) {
  static_cast<void>(co_await world.dispatcher.sleep(thread, 1ms));
  co_await world.work(thread, 10us);
}

TEST(IdleCpus, are_called_by_timers_at_nobodys_cost) {
  MachineSpec machine = small_machine(1);
  machine.costs.idle_call = 8us;
  World world{machine, quiet_os(PolicyKind::fifo, 1ms)};
  const ThreadId thread = world.add();
  world.start(thread, napper(world, thread));
  world.run();
  EXPECT_EQ(world.dispatcher.accounts(thread).cpu_time, 10us);
}

TEST(IdleCpus, wake_sooner_by_their_own_timers_than_by_another_cpu) {
  MachineSpec machine = small_machine(1);
  machine.costs.wake_idle_cpu = 40us;
  machine.costs.wake_idle_cpu_jitter = 20us;
  machine.costs.wake_by_timer = 15us;
  World world{machine, quiet_os(PolicyKind::fifo, 1ms)};
  const ThreadId thread = world.add();
  world.start(thread, napper(world, thread));
  world.run();
  EXPECT_EQ(world.now(), 15us + 1ms + 15us + 10us) << "nobody called it to begin either";
}

TEST(IdleCpus, are_left_at_the_cost_of_who_begins_there) {
  MachineSpec machine = small_machine(2);
  machine.costs.idle_exit = 6us;
  EXPECT_EQ(run_pair(machine, CpuId{0}, CpuId{1}).sleeper, 2 * 6us + 10us) << "start and wake-up";
  EXPECT_EQ(run_pair(machine, CpuId{0}, CpuId{0}).sleeper, 6us + 10us)
      << "the other one ran there before";
}

/// One way to wake somebody, and how he waits for it.
struct Meeting {
  std::function<sim::Process<>(ThreadId)> wait;
  std::function<sim::Process<>(ThreadId)> wake;
};

Program waiting(World& /*world*/, const Meeting& meeting, ThreadId thread) {
  co_await meeting.wait(thread);
}

Program waking(World& world, const Meeting& meeting, ThreadId thread) {
  co_await world.work(thread, 1ms);
  co_await meeting.wake(thread);  // and ends: no work follows that could pay
}

/// CPU time of the waker beyond its work, each on a CPU of its own.
sim::Duration paid_for(World& world, const Meeting& meeting) {
  const ThreadId waits = world.add({.affinity = {CpuId{1}}});
  const ThreadId wakes = world.add({.affinity = {CpuId{0}}});
  world.start(waits, waiting(world, meeting, waits));
  world.start(wakes, waking(world, meeting, wakes));
  world.run();
  return world.dispatcher.accounts(wakes).cpu_time - 1ms;
}

MachineSpec calling_machine() {
  MachineSpec machine = small_machine(2);
  machine.costs.idle_call = 8us;
  return machine;
}

sim::Process<> read_one(World& /*world*/, Pipe& pipe, ThreadId thread) {
  static_cast<void>(co_await pipe.read(thread));
}

sim::Process<> wait_with(World& /*world*/, Condition& condition, Mutex& mutex, ThreadId thread) {
  co_await mutex.lock(thread);
  co_await condition.wait(thread, mutex);
  co_await mutex.unlock(thread);
}

TEST(IdleCpus, are_paid_for_by_a_write_that_ends_a_program) {
  World world{calling_machine(), quiet_os(PolicyKind::fifo, 1ms)};
  Pipe pipe{world.dispatcher, 1};
  const Meeting meeting{
      .wait = [&](ThreadId thread) { return read_one(world, pipe, thread); },
      .wake = [&](ThreadId thread) { return pipe.write(thread, {.size = Bytes{1}, .value = 0}); }};
  EXPECT_EQ(paid_for(world, meeting), 8us);
}

TEST(IdleCpus, are_paid_for_by_a_release_that_ends_a_program) {
  World world{calling_machine(), quiet_os(PolicyKind::fifo, 1ms)};
  Semaphore semaphore{world.dispatcher, 1, 0};
  const Meeting meeting{.wait = [&](ThreadId thread) { return semaphore.acquire(thread); },
                        .wake = [&](ThreadId thread) { return semaphore.release(thread); }};
  EXPECT_EQ(paid_for(world, meeting), 8us);
}

TEST(IdleCpus, are_paid_for_by_a_signal_and_by_a_broadcast_that_end_a_program) {
  for (const bool all : {false, true}) {
    World world{calling_machine(), quiet_os(PolicyKind::fifo, 1ms)};
    Condition condition{world.dispatcher, 1};
    Mutex mutex{world.dispatcher, 2};
    const Meeting meeting{
        .wait = [&](ThreadId thread) { return wait_with(world, condition, mutex, thread); },
        .wake =
            [&](ThreadId thread) {
              return all ? condition.broadcast(thread) : condition.signal(thread);
            }};
    EXPECT_EQ(paid_for(world, meeting), 8us);
  }
}

Program holding(World& world, Mutex& mutex, ThreadId thread) {
  co_await mutex.lock(thread);
  co_await world.work(thread, 1ms);
  co_await mutex.unlock(thread);
}

Program coming_later(World& world, Mutex& mutex, ThreadId thread) {
  co_await world.work(thread, 100us);
  co_await mutex.lock(thread);
  co_await mutex.unlock(thread);
}

TEST(IdleCpus, are_paid_for_by_an_unlock_that_ends_a_program) {
  World world{calling_machine(), quiet_os(PolicyKind::fifo, 1ms)};
  Mutex mutex{world.dispatcher, 1};
  const ThreadId holds = world.add({.affinity = {CpuId{0}}});
  const ThreadId waits = world.add({.affinity = {CpuId{1}}});
  world.start(holds, holding(world, mutex, holds));
  world.start(waits, coming_later(world, mutex, waits));
  world.run();
  EXPECT_EQ(world.dispatcher.accounts(holds).cpu_time, 1ms + 8us);
}

TEST(Timers, cost_less_the_likelier_a_tick_comes_first) {
  MachineSpec machine = small_machine(1);
  machine.costs.timer_set = 12us;
  OsSpec os = quiet_os(PolicyKind::fifo, 1ms);
  os.tick = 4ms;
  const World world{machine, os};
  EXPECT_EQ(world.dispatcher.timer_cost(0ms), 12us);
  EXPECT_EQ(world.dispatcher.timer_cost(1ms), 9us);
  EXPECT_EQ(world.dispatcher.timer_cost(4ms), 0us);
  EXPECT_EQ(world.dispatcher.timer_cost(1s), 0us);
}

}  // namespace
}  // namespace timeslice::models
