// Mutex, condition, semaphore, gate and pipe on a simulated machine.
#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include "models/os/condition.hpp"
#include "models/os/gate.hpp"
#include "models/os/mutex.hpp"
#include "models/os/pipe.hpp"
#include "models/os/semaphore.hpp"
#include "models/trace_kinds.hpp"
#include "tests/models/os/os_bench.hpp"

namespace timeslice::models {
namespace {

using namespace std::chrono_literals;
using os_bench::quiet_os;
using os_bench::small_machine;
using os_bench::World;

constexpr std::uint32_t id = 7;

Program hold(World& world, ThreadId thread, Mutex& mutex, sim::Duration length) {
  co_await mutex.lock(thread);
  co_await world.work(thread, length);
  co_await mutex.unlock(thread);
}

TEST(Mutex, without_contention_costs_no_time_and_no_switch) {
  World world{small_machine(1), ideal_os()};
  world.machine.costs.syscall = 1us;
  world.machine.costs.wake_syscall = 1us;
  Mutex mutex{world.dispatcher, id};
  const ThreadId a = world.add();
  world.start(a, hold(world, a, mutex, 1ms));
  world.run();
  EXPECT_EQ(world.now(), 1ms);
  EXPECT_EQ(world.dispatcher.accounts(a).switches_voluntary, 0U);
}

TEST(Mutex, keeps_critical_sections_apart) {
  World world{small_machine(4), ideal_os()};
  Mutex mutex{world.dispatcher, id};
  for (int i = 0; i < 4; ++i) {
    const ThreadId thread = world.add();
    world.start(thread, hold(world, thread, mutex, 10ms));
  }
  world.run();
  EXPECT_EQ(world.now(), 40ms);
  EXPECT_FALSE(mutex.holder().has_value());
}

TEST(Mutex, a_waiter_and_its_waker_pay_for_the_kernel) {
  World world{small_machine(2), ideal_os()};
  world.machine.costs.syscall = 1us;
  world.machine.costs.wake_syscall = 2us;
  Mutex mutex{world.dispatcher, id};
  const ThreadId a = world.add();
  const ThreadId b = world.add();
  world.start(a, hold(world, a, mutex, 1ms));
  world.start(b, hold(world, b, mutex, 1ms));
  world.run();
  EXPECT_EQ(world.dispatcher.accounts(a).cpu_time, 1002us);
  EXPECT_EQ(world.dispatcher.accounts(b).cpu_time, 1001us);
  EXPECT_EQ(world.now(), 2002us);
  EXPECT_EQ(world.dispatcher.accounts(b).switches_voluntary, 1U);
}

Program hold_after(World& world, ThreadId thread, Mutex& mutex, sim::Duration wait) {
  co_await world.work(thread, wait);
  co_await mutex.lock(thread);
  co_await world.work(thread, 1ms);
  co_await mutex.unlock(thread);
}

/// CPU time of a thread that takes a mutex which another CPU's thread held before.
sim::Duration taker_over(double lines, sim::Duration wait) {
  World world{small_machine(2), ideal_os()};
  world.machine.memory_system.transfer.ns = {8.0, 50.0, 90.0, 140.0};
  Mutex mutex{world.dispatcher, id, nullptr, lines};
  const ThreadId a = world.add();
  const ThreadId b = world.add();
  world.start(a, hold_after(world, a, mutex, 0ms));
  world.start(b, hold_after(world, b, mutex, wait));
  world.run();
  EXPECT_EQ(world.dispatcher.accounts(a).cpu_time, 1ms) << "the first fetches nothing";
  return world.dispatcher.accounts(b).cpu_time;
}

TEST(Mutex, who_takes_it_over_from_another_cpu_fetches_its_lines) {
  EXPECT_EQ(taker_over(0.0, 2ms), 3ms);
  EXPECT_EQ(taker_over(2.0, 2ms), 3ms + 100ns);
}

TEST(Mutex, who_was_woken_has_the_lines_in_the_cost_of_its_wake_up) {
  EXPECT_EQ(taker_over(2.0, 500us), 1500us);
}

TEST(Mutex, the_same_cpu_fetches_nothing_when_it_takes_it_again) {
  World world{small_machine(1), ideal_os()};
  Mutex mutex{world.dispatcher, id, nullptr, 2.0};
  for (int i = 0; i < 2; ++i) {
    const ThreadId thread = world.add();
    world.start(thread, hold(world, thread, mutex, 1ms));
  }
  world.run();
  EXPECT_EQ(world.now(), 2ms);
}

TEST(Mutex, the_trace_names_the_holder_that_is_waited_for) {
  World world{small_machine(2), ideal_os()};
  Mutex mutex{world.dispatcher, id};
  const ThreadId a = world.add();
  const ThreadId b = world.add();
  world.start(a, hold(world, a, mutex, 1ms));
  world.start(b, hold(world, b, mutex, 1ms));
  world.run();
  bool waited = false;
  for (const sim::TraceRecord& record : world.sink.records()) {
    if (record.kind == static_cast<std::uint16_t>(TraceKind::lock_wait)) {
      waited = true;
      EXPECT_EQ(record.subject, static_cast<std::uint32_t>(b));
      EXPECT_EQ(record.object, id);
      EXPECT_EQ(record.cause, static_cast<std::uint32_t>(a));
    }
  }
  EXPECT_TRUE(waited);
}

struct Box {
  Mutex mutex;
  Condition filled;
  std::vector<int> items;
};

Program consume(World& world, ThreadId thread, Box& box, int count, std::vector<int>& got) {
  for (int i = 0; i < count; ++i) {
    co_await box.mutex.lock(thread);
    while (box.items.empty()) {
      co_await box.filled.wait(thread, box.mutex);
    }
    got.push_back(box.items.front());
    box.items.erase(box.items.begin());
    co_await box.mutex.unlock(thread);
    co_await world.work(thread, 10us);
  }
}

Program produce(World& world, ThreadId thread, Box& box, int count) {
  for (int i = 0; i < count; ++i) {
    co_await world.work(thread, 20us);
    co_await box.mutex.lock(thread);
    box.items.push_back(i);
    co_await box.filled.signal(thread);
    co_await box.mutex.unlock(thread);
  }
}

TEST(Condition, hands_over_every_item_once) {
  for (const bool costly : {false, true}) {
    World world{small_machine(2), quiet_os(PolicyKind::fair, 1ms)};
    if (costly) {
      world.machine.costs = OsCosts{};
    }
    Box box{
        .mutex = Mutex{world.dispatcher, 1}, .filled = Condition{world.dispatcher, 2}, .items = {}};
    std::vector<int> got;
    const ThreadId producer = world.add();
    const ThreadId one = world.add();
    const ThreadId two = world.add();
    world.start(one, consume(world, one, box, 50, got));
    world.start(two, consume(world, two, box, 50, got));
    world.start(producer, produce(world, producer, box, 100));
    world.run();
    ASSERT_EQ(got.size(), 100U);
    for (int i = 0; i < 100; ++i) {
      EXPECT_EQ(got[static_cast<std::size_t>(i)], i);
    }
    EXPECT_TRUE(world.dispatcher.finished(one) && world.dispatcher.finished(two));
  }
}

Program wait_a_while(World& world, ThreadId thread, Box& box, std::vector<WakeResult>& results) {
  co_await box.mutex.lock(thread);
  const WakeResult result = co_await box.filled.wait_for(thread, box.mutex, 1ms);
  results.push_back(result);
  co_await box.mutex.unlock(thread);
  co_await world.work(thread, 1us);
}

TEST(Condition, a_timed_wait_ends_by_a_sign_or_by_time) {
  World world{small_machine(2), ideal_os()};
  Box box{
      .mutex = Mutex{world.dispatcher, 1}, .filled = Condition{world.dispatcher, 2}, .items = {}};
  std::vector<WakeResult> results;
  const ThreadId waiter = world.add();
  world.start(waiter, wait_a_while(world, waiter, box, results));
  world.run();
  EXPECT_EQ(world.now(), 1001us);
  const ThreadId second = world.add();
  world.start(second, wait_a_while(world, second, box, results));
  const ThreadId producer = world.add();
  world.start(producer, produce(world, producer, box, 1));
  world.run();
  EXPECT_EQ(results, (std::vector{WakeResult::timed_out, WakeResult::woken}));
  EXPECT_EQ(box.filled.waiters(), 0U);
}

Program wait_for_sign(World& world, ThreadId thread, Box& box, int& released) {
  co_await box.mutex.lock(thread);
  co_await box.filled.wait(thread, box.mutex);
  ++released;
  co_await box.mutex.unlock(thread);
  co_await world.work(thread, 1us);
}

Program call_all(World& world, ThreadId thread, Box& box) {
  co_await world.work(thread, 1ms);
  co_await box.mutex.lock(thread);
  co_await box.filled.broadcast(thread);
  co_await box.mutex.unlock(thread);
}

TEST(Condition, a_broadcast_wakes_all_that_wait) {
  World world{small_machine(2), quiet_os(PolicyKind::fair, 1ms)};
  Box box{
      .mutex = Mutex{world.dispatcher, 1}, .filled = Condition{world.dispatcher, 2}, .items = {}};
  int released = 0;
  for (int i = 0; i < 5; ++i) {
    const ThreadId thread = world.add();
    world.start(thread, wait_for_sign(world, thread, box, released));
  }
  const ThreadId caller = world.add();
  world.start(caller, call_all(world, caller, box));
  world.run();
  EXPECT_EQ(released, 5);
}

Program take_permit(World& world, ThreadId thread, Semaphore& semaphore, sim::Duration length) {
  co_await semaphore.acquire(thread);
  co_await world.work(thread, length);
  co_await semaphore.release(thread);
}

TEST(Semaphore, lets_as_many_through_as_it_counts) {
  World world{small_machine(8), ideal_os()};
  Semaphore semaphore{world.dispatcher, id, 3};
  for (int i = 0; i < 7; ++i) {
    const ThreadId thread = world.add();
    world.start(thread, take_permit(world, thread, semaphore, 10ms));
  }
  world.run();
  EXPECT_EQ(world.now(), 30ms) << "7 runs, 3 at a time";
  EXPECT_EQ(semaphore.value(), 3U);
}

Program try_for(World& world, ThreadId thread, Semaphore& semaphore, WakeResult& result) {
  result = co_await semaphore.acquire_for(thread, 2ms);
  co_await world.work(thread, 1us);
}

TEST(Semaphore, a_timed_acquire_gives_up) {
  World world{small_machine(1), ideal_os()};
  Semaphore semaphore{world.dispatcher, id, 0};
  WakeResult result = WakeResult::woken;
  const ThreadId thread = world.add();
  world.start(thread, try_for(world, thread, semaphore, result));
  world.run();
  EXPECT_EQ(result, WakeResult::timed_out);
  EXPECT_EQ(semaphore.waiters(), 0U);
  EXPECT_EQ(world.now(), 2001us);
}

Program join(World& world, ThreadId thread, Gate& gate) {
  co_await gate.wait(thread);
  co_await world.work(thread, 1us);
}

Program open_later(World& world, ThreadId thread, Gate& gate) {
  co_await world.work(thread, 5ms);
  gate.open({.thread = static_cast<std::uint32_t>(thread)});
}

TEST(Gate, holds_back_until_it_opens_and_lets_later_ones_pass) {
  World world{small_machine(3), ideal_os()};
  Gate gate{world.dispatcher, {.what = WaitFor::join, .object = 1}};
  const ThreadId early = world.add();
  const ThreadId opener = world.add();
  world.start(early, join(world, early, gate));
  world.start(opener, open_later(world, opener, gate));
  world.run_until(1ms);
  EXPECT_TRUE(world.dispatcher.blocked(early));
  EXPECT_EQ(world.dispatcher.waiting_for(early).what, WaitFor::join);
  world.run();
  EXPECT_EQ(world.now(), 5001us);
  const ThreadId late = world.add();
  world.start(late, join(world, late, gate));
  world.run();
  EXPECT_EQ(world.now(), 5002us);
}

Program write_all(World& world, ThreadId thread, Pipe& pipe, std::vector<Message> messages) {
  for (const Message& message : messages) {
    co_await world.work(thread, 1us);
    co_await pipe.write(thread, message);
  }
}

Program read_all(World& world, ThreadId thread, Pipe& pipe, std::vector<std::uint64_t>& got) {
  while (true) {
    const std::optional<Message> message = co_await pipe.read(thread);
    if (!message) {
      co_return;
    }
    got.push_back(message->value);
    co_await world.work(thread, 1us);
  }
}

TEST(Pipe, hands_on_messages_of_all_sizes_in_order) {
  for (const bool costly : {false, true}) {
    World world{small_machine(2), quiet_os(PolicyKind::fair, 1ms)};
    if (costly) {
      world.machine.costs = OsCosts{};
    }
    Pipe pipe{world.dispatcher, id};
    std::vector<Message> messages;
    std::vector<std::uint64_t> expected;
    for (std::uint64_t i = 0; i < 60; ++i) {
      const auto size = static_cast<std::int64_t>(i * i * 100);  // up to 5 times the capacity
      messages.push_back({.size = Bytes{size}, .value = i});
      expected.push_back(i);
    }
    std::vector<std::uint64_t> got;
    const ThreadId writer = world.add();
    const ThreadId reader = world.add();
    world.start(reader, read_all(world, reader, pipe, got));
    world.start(writer, write_all(world, writer, pipe, messages));
    world.run();
    EXPECT_EQ(got, expected);
    EXPECT_EQ(pipe.in_flight().count, 0);
    EXPECT_TRUE(world.dispatcher.blocked(reader));
    pipe.close(WakeCause{});
    world.run();
    EXPECT_TRUE(world.dispatcher.finished(reader));
  }
}

Program read_by_calls(World& world, ThreadId thread, Pipe& pipe, std::vector<std::int64_t>& sizes,
                      std::vector<bool>& readable) {
  Bytes most{4};
  while (true) {
    const std::optional<Piece> piece = co_await pipe.read_some(thread, most);
    sizes.push_back(piece->size.count);
    readable.push_back(pipe.readable());
    if (piece->whole) {
      co_return;
    }
    co_await world.work(thread, 1us);
    most = Bytes{1 << 20};
  }
}

TEST(Pipe, a_message_may_be_read_by_several_calls) {
  World world{small_machine(2), ideal_os()};
  Pipe pipe{world.dispatcher, id};
  std::vector<std::int64_t> sizes;
  std::vector<bool> readable;
  const ThreadId reader = world.add();
  const ThreadId writer = world.add();
  world.start(reader, read_by_calls(world, reader, pipe, sizes, readable));
  world.start(writer, write_all(world, writer, pipe, {Message{.size = Bytes{100}}}));
  world.run();
  EXPECT_EQ(sizes, (std::vector<std::int64_t>{4, 96}));
  EXPECT_EQ(readable, (std::vector<bool>{true, false}));
  EXPECT_TRUE(world.dispatcher.finished(reader));
}

TEST(Pipe, is_not_readable_between_two_pieces_of_a_long_message) {
  World world{small_machine(2), ideal_os()};
  world.machine.costs.pipe_copy_per_kib = 100ns;
  Pipe pipe{world.dispatcher, id};
  std::vector<std::int64_t> sizes;
  std::vector<bool> readable;
  int came = 0;
  pipe.watch([&](ThreadId /*writer*/) { ++came; });
  const ThreadId reader = world.add();
  const ThreadId writer = world.add();
  world.start(reader, read_by_calls(world, reader, pipe, sizes, readable));
  world.start(writer, write_all(world, writer, pipe, {Message{.size = Bytes{200 * 1024}}}));
  world.run();
  EXPECT_TRUE(world.dispatcher.finished(reader));
  EXPECT_GT(std::ranges::count(readable, false), 1) << "emptied before all of it was there";
  EXPECT_GT(came, 1) << "who polls hears of each piece that finds it empty";
}

TEST(Pipe, a_poller_hears_of_bytes_once_until_it_is_empty_again) {
  World world{small_machine(2), ideal_os()};
  Pipe pipe{world.dispatcher, id};
  int came = 0;
  pipe.watch([&](ThreadId /*writer*/) { ++came; });
  const ThreadId writer = world.add();
  world.start(writer, write_all(world, writer, pipe, std::vector<Message>(5, {.size = Bytes{9}})));
  world.run();
  EXPECT_EQ(came, 1);
}

TEST(Pipe, a_poller_hears_of_bytes_before_who_waits_to_read) {
  World world{small_machine(2), ideal_os()};
  Pipe pipe{world.dispatcher, id};
  std::vector<std::uint64_t> got;
  const ThreadId reader = world.add();
  const ThreadId writer = world.add();
  bool reader_slept = false;
  pipe.watch([&](ThreadId who) {
    reader_slept = world.dispatcher.blocked(reader);
    EXPECT_EQ(who, writer);
  });
  world.start(reader, read_all(world, reader, pipe, got));
  world.start(writer, write_all(world, writer, pipe, {Message{.size = Bytes{9}}}));
  world.run();
  EXPECT_EQ(got.size(), 1U);
  EXPECT_TRUE(reader_slept);
}

TEST(Pipe, a_writer_waits_while_it_is_full) {
  World world{small_machine(2), ideal_os()};
  Pipe pipe{world.dispatcher, id};
  const ThreadId writer = world.add();
  const std::vector<Message> messages(20, Message{.size = Bytes{4096}});
  world.start(writer, write_all(world, writer, pipe, messages));
  world.run();
  EXPECT_TRUE(world.dispatcher.blocked(writer));
  EXPECT_EQ(world.dispatcher.waiting_for(writer).what, WaitFor::pipe_write);
  EXPECT_EQ(pipe.in_flight().count, 64 * 1024);
  EXPECT_EQ(pipe.messages(), 16U);
}

TEST(Pipe, many_writers_and_readers_lose_nothing) {
  World world{small_machine(3), quiet_os(PolicyKind::fair, 100us)};
  world.machine.costs = OsCosts{};
  Pipe pipe{world.dispatcher, id};
  std::vector<std::uint64_t> got;
  constexpr std::uint64_t writers = 5;
  constexpr std::uint64_t each = 40;
  for (std::uint64_t w = 0; w < writers; ++w) {
    std::vector<Message> messages;
    for (std::uint64_t i = 0; i < each; ++i) {
      messages.push_back({.size = Bytes{static_cast<std::int64_t>((w + 1) * i * 997 % 150'000)},
                          .value = w * each + i});
    }
    const ThreadId thread = world.add();
    world.start(thread, write_all(world, thread, pipe, messages));
  }
  std::vector<ThreadId> readers;
  for (int r = 0; r < 4; ++r) {
    readers.push_back(world.add());
    world.start(readers.back(), read_all(world, readers.back(), pipe, got));
  }
  world.run();
  pipe.close(WakeCause{});
  world.run();
  std::ranges::sort(got);
  ASSERT_EQ(got.size(), writers * each);
  for (std::uint64_t i = 0; i < got.size(); ++i) {
    EXPECT_EQ(got[i], i);
  }
  for (const ThreadId reader : readers) {
    EXPECT_TRUE(world.dispatcher.finished(reader));
  }
}

TEST(Pipe, both_sides_pay_for_message_copy_and_wake_up) {
  World world{small_machine(2), ideal_os()};
  world.machine.costs.pipe_message = 2us;
  world.machine.costs.pipe_copy_per_kib = 100ns;
  world.machine.costs.wake_syscall = 1us;
  Pipe pipe{world.dispatcher, id};
  std::vector<std::uint64_t> got;
  const ThreadId reader = world.add();
  const ThreadId writer = world.add();
  world.start(reader, read_all(world, reader, pipe, got));
  world.start(writer, write_all(world, writer, pipe, {Message{.size = Bytes{10 * 1024}}}));
  world.run();
  EXPECT_EQ(world.dispatcher.accounts(writer).cpu_time, 1us + 2us + 1us + 1us);
  EXPECT_EQ(world.dispatcher.accounts(reader).cpu_time, 2us + 1us + 1us);
  EXPECT_EQ(world.now(), 5us + 4us);
}

}  // namespace
}  // namespace timeslice::models
