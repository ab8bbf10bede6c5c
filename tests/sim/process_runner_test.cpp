#include "sim/process_runner.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sim/random.hpp"

namespace timeslice::sim {
namespace {

using namespace std::chrono_literals;

Process<> note_after(ProcessRunner& runner, Duration delay, std::vector<int>& notes) {
  co_await runner.delay(delay);
  notes.push_back(static_cast<int>(runner.now().time_since_epoch() / 1ms));
}

TEST(ProcessRunner, delays_end_in_the_order_of_time) {
  Engine engine;
  ProcessRunner runner{engine};
  std::vector<int> notes;
  for (const auto delay : {30ms, 10ms, 0ms, 20ms}) {
    runner.spawn(note_after(runner, delay, notes));
  }
  EXPECT_EQ(runner.running(), 4U);
  EXPECT_EQ(runner.run(), StopReason::drained);
  EXPECT_EQ(notes, (std::vector<int>{0, 10, 20, 30}));
  EXPECT_EQ(runner.running(), 0U);
  EXPECT_EQ(engine.frame_pool().live(), 0U) << "ended processes are freed at once";
}

Process<> wait_for(ProcessRunner& runner, Signal& signal, int name, std::vector<int>& notes) {
  co_await signal.wait();
  co_await runner.delay(0ms);
  notes.push_back(name);
}

Process<> notify_twice(ProcessRunner& runner, Signal& signal) {
  co_await runner.delay(1ms);
  signal.notify_one();
  co_await runner.delay(1ms);
  signal.notify_all();
}

TEST(Signal, the_first_to_wait_is_the_first_to_go_on) {
  Engine engine;
  ProcessRunner runner{engine};
  Signal signal{runner};
  std::vector<int> notes;
  for (int name = 0; name < 4; ++name) {
    runner.spawn(wait_for(runner, signal, name, notes));
  }
  runner.spawn(notify_twice(runner, signal));
  runner.run({.time = Instant{} + 1ms});
  EXPECT_EQ(notes, std::vector<int>{0});
  EXPECT_EQ(signal.waiting(), 3U);
  runner.run();
  EXPECT_EQ(notes, (std::vector<int>{0, 1, 2, 3}));
}

Process<> use(ProcessRunner& runner, Resource& resource, int name, std::vector<int>& notes) {
  co_await resource.acquire();
  notes.push_back(name);
  co_await runner.delay(10ms);
  resource.release();
}

TEST(Resource, units_go_to_those_in_line_in_turn) {
  Engine engine;
  ProcessRunner runner{engine};
  Resource resource{runner, 2};
  std::vector<int> notes;
  for (int name = 0; name < 5; ++name) {
    runner.spawn(use(runner, resource, name, notes));
  }
  runner.run({.time = Instant{} + 5ms});
  EXPECT_EQ(notes, (std::vector<int>{0, 1}));
  EXPECT_EQ(resource.waiting(), 3U);
  EXPECT_EQ(resource.free(), 0U);
  runner.run();
  EXPECT_EQ(notes, (std::vector<int>{0, 1, 2, 3, 4}));
  EXPECT_EQ(resource.free(), 2U);
  EXPECT_EQ(engine.now(), Instant{} + 30ms);
}

TEST(ProcessRunner, processes_that_still_wait_may_be_destroyed_with_it) {
  Engine engine;
  std::vector<int> notes;
  {
    ProcessRunner runner{engine};
    Signal signal{runner};
    Resource resource{runner, 1};
    runner.spawn(wait_for(runner, signal, 0, notes));
    runner.spawn(use(runner, resource, 1, notes));
    runner.spawn(use(runner, resource, 2, notes));
    runner.spawn(note_after(runner, 50ms, notes));
    runner.run({.time = Instant{} + 1ms});
  }
  EXPECT_EQ(engine.frame_pool().live(), 0U);
  EXPECT_EQ(notes, std::vector<int>{1});
}

/// An M/M/c queue: arrivals one after the other, each customer a process of its own.
struct Queue {
  ProcessRunner& runner;
  Resource servers;
  Random random;
  double arrivals_per_service;
  std::uint32_t warm_up;
  double waited_ns = 0;
  std::uint64_t counted = 0;

  static constexpr double service_ns = 1e9;

  [[nodiscard]] FramePool& frame_pool() const { return runner.frame_pool(); }

  Process<> customer(std::uint32_t number) {
    const Instant arrived = runner.now();
    co_await servers.acquire();
    if (number >= warm_up) {
      waited_ns += static_cast<double>((runner.now() - arrived).count());
      ++counted;
    }
    const double service = service_ns * random.exponential({.task = 1, .item = number});
    co_await runner.delay(Duration{static_cast<std::int64_t>(service)});
    servers.release();
  }

  Process<> arrivals(std::uint32_t customers) {
    for (std::uint32_t number = 0; number < customers; ++number) {
      const double gap = service_ns / arrivals_per_service * random.exponential({.item = number});
      co_await runner.delay(Duration{static_cast<std::int64_t>(gap)});
      runner.spawn(customer(number));
    }
  }
};

/// Mean wait in service times, by Erlang's formula C.
double erlang_c_wait(int servers, double load) {
  const double offered = servers * load;
  double blocked = 1.0;
  for (int i = 1; i <= servers; ++i) {
    blocked = offered * blocked / (i + offered * blocked);
  }
  const double waits = blocked / (1 - load * (1 - blocked));
  return waits / (servers * (1 - load));
}

TEST(ErlangC, its_formula_gives_the_known_values) {
  EXPECT_NEAR(erlang_c_wait(1, 0.8), 4.0, 1e-9);
  EXPECT_NEAR(erlang_c_wait(2, 0.8), 1.7778, 5e-5);
  EXPECT_NEAR(erlang_c_wait(4, 0.8), 0.7455, 1e-4);
  EXPECT_NEAR(erlang_c_wait(8, 0.8), 0.2860, 5e-4);
}

class MMC : public testing::TestWithParam<int> {};

TEST_P(MMC, customers_wait_as_long_as_erlang_says) {
  const int servers = GetParam();
  constexpr double load = 0.8;
  Engine engine;
  ProcessRunner runner{engine};
  Queue queue{.runner = runner,
              .servers = Resource{runner, static_cast<std::size_t>(servers)},
              .random = Random{20'240'501},
              .arrivals_per_service = load * servers,
              .warm_up = 10'000};
  runner.spawn(queue.arrivals(1'200'000));
  EXPECT_EQ(runner.run(), StopReason::drained);
  const double mean = queue.waited_ns / static_cast<double>(queue.counted) / Queue::service_ns;
  EXPECT_NEAR(mean / erlang_c_wait(servers, load), 1.0, 0.02) << mean << " service times";
}

/// Kiefer and Wolfowitz: a customer waits until the server that is free first is free.
double total_wait_by_recursion(const Random& random, int servers, double load,
                               std::uint32_t count) {
  std::vector<std::int64_t> free_at(static_cast<std::size_t>(servers), 0);
  std::int64_t arrival = 0;
  double waited_ns = 0;
  for (std::uint32_t number = 0; number < count; ++number) {
    const double gap = Queue::service_ns / (load * servers) * random.exponential({.item = number});
    const double service = Queue::service_ns * random.exponential({.task = 1, .item = number});
    arrival += static_cast<std::int64_t>(gap);
    std::int64_t& first = *std::ranges::min_element(free_at);
    const std::int64_t begin = std::max(arrival, first);
    waited_ns += static_cast<double>(begin - arrival);
    first = begin + static_cast<std::int64_t>(service);
  }
  return waited_ns;
}

TEST_P(MMC, customers_wait_to_the_nanosecond_as_the_recursion_for_the_same_draws_says) {
  const int servers = GetParam();
  for (const double load : {0.5, 0.8, 0.99}) {
    Engine engine;
    ProcessRunner runner{engine};
    Queue queue{.runner = runner,
                .servers = Resource{runner, static_cast<std::size_t>(servers)},
                .random = Random{77},
                .arrivals_per_service = load * servers,
                .warm_up = 0};
    runner.spawn(queue.arrivals(5'000));
    runner.run();
    EXPECT_EQ(queue.counted, 5'000U);
    EXPECT_EQ(queue.waited_ns, total_wait_by_recursion(queue.random, servers, load, 5'000));
  }
}

INSTANTIATE_TEST_SUITE_P(Servers, MMC, testing::Values(1, 2, 4, 8));

}  // namespace
}  // namespace timeslice::sim
