// No allocation per event: counts every call of the global operator new of this test program.

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <vector>

#include <gtest/gtest.h>

#include "sim/engine.hpp"
#include "sim/histogram.hpp"
#include "sim/process_runner.hpp"
#include "sim/random.hpp"
#include "sim/trace.hpp"

namespace {

std::atomic<std::uint64_t> allocations = 0;

void* counted(std::size_t bytes, std::size_t alignment) {
  ++allocations;
  const std::size_t whole = (bytes + alignment - 1) / alignment * alignment;
  void* const block = std::aligned_alloc(alignment, whole == 0 ? alignment : whole);
  if (block == nullptr) {
    throw std::bad_alloc{};
  }
  return block;
}

}  // namespace

void* operator new(std::size_t bytes) {
  return counted(bytes, 16);
}
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return counted(bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* block) noexcept {
  std::free(block);
}
void operator delete(void* block, std::size_t /*bytes*/) noexcept {
  std::free(block);
}
void operator delete(void* block, std::align_val_t /*alignment*/) noexcept {
  std::free(block);
}
void operator delete(void* block, std::size_t /*bytes*/, std::align_val_t /*a*/) noexcept {
  std::free(block);
}

namespace timeslice::sim {
namespace {

using namespace std::chrono_literals;

/// Every timer fires, is armed anew, and cancels or moves another; slots and posts take part.
struct Churn {
  Engine& engine;
  Trace trace;
  Random random{3};
  Histogram ahead_of;
  std::vector<TimerId> timers;
  SlotId slot;

  Churn(Engine& on, std::uint32_t size) : engine{on}, slot{on.add_slot(1, 0, 1)} {
    for (std::uint32_t i = 0; i < size; ++i) {
      timers.push_back(engine.add_timer(0, i, 2));
      engine.arm(timers[i], Instant{} + Duration{i});
    }
  }

  void handle(Due due) {
    const auto count = static_cast<std::uint32_t>(engine.events());
    const Duration ahead{random.below({.count = count}, 1'000'000)};
    trace.record({.time_ns = engine.now().time_since_epoch().count(), .subject = due.argument});
    ahead_of.add(ahead);
    if (due.kind != 0) {
      return;
    }
    engine.arm(timers[due.argument], engine.now() + ahead);
    engine.set_slot(slot, engine.now() + ahead);
    if (count % 4 == 0) {
      engine.post(2, count, 3);
      const TimerId other = timers[random.below({.task = 1, .count = count}, timers.size())];
      engine.cancel(other);
      engine.arm(other, engine.now() + ahead);
    }
  }
};

class SteadyState : public testing::TestWithParam<std::uint32_t> {};

TEST_P(SteadyState, an_event_allocates_nothing) {
  Engine engine;
  Churn churn{engine, GetParam()};
  engine.run(churn, {.events = 30 * GetParam() + 200'000});  // reaches its greatest sizes
  const std::uint64_t before = allocations;
  engine.run(churn, {.events = 200'000});
  EXPECT_EQ(allocations - before, 0U);
}

INSTANTIATE_TEST_SUITE_P(Pending, SteadyState, testing::Values(10U, 1000U, 20'000U));

Process<int> child(ProcessRunner& runner, int value) {
  co_await runner.delay(1us);
  co_return value;
}

Process<> parent(ProcessRunner& runner, Resource& resource, long& sum) {
  co_await resource.acquire();
  const int value = co_await child(runner, 1);
  sum += value;
  resource.release();
}

Process<> source(ProcessRunner& runner, Resource& resource, long& sum) {
  while (true) {
    co_await runner.delay(1us);
    runner.spawn(parent(runner, resource, sum));
  }
}

TEST(SteadyState, processes_that_come_and_go_allocate_nothing) {
  Engine engine;
  ProcessRunner runner{engine};
  Resource resource{runner, 2};
  long sum = 0;
  runner.spawn(source(runner, resource, sum));
  runner.run({.time = Instant{} + 10ms});
  const std::uint64_t before = allocations;
  runner.run({.time = Instant{} + 110ms});
  EXPECT_EQ(allocations - before, 0U);
  EXPECT_GT(sum, 100'000);
}

TEST(SteadyState, the_counter_of_allocations_counts) {
  const std::uint64_t before = allocations;
  const std::vector<int> one(1000);
  EXPECT_EQ(allocations - before, 1U) << one.size();
}

}  // namespace
}  // namespace timeslice::sim
