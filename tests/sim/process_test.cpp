#include "sim/process.hpp"

#include <coroutine>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace timeslice::sim {
namespace {

/// What processes of this test wait at: a gate that the test opens by hand.
struct World {
  FramePool frames;
  std::coroutine_handle<> at_gate;

  FramePool& frame_pool() { return frames; }

  struct Gate {
    World& world;
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handle) const { world.at_gate = handle; }
    void await_resume() const noexcept {}
  };
  Gate gate() { return Gate{*this}; }
  void open_gate() { std::exchange(at_gate, nullptr).resume(); }
};

Process<int> double_of(World& /*world*/, int value) {
  co_return 2 * value;
}

Process<int> double_later(World& world, int value) {
  co_await world.gate();
  co_return 2 * value;
}

Process<> collect(World& world, std::vector<int>& results) {
  const int first = co_await double_of(world, 1);
  results.push_back(first);
  const int second = co_await double_later(world, 2);
  results.push_back(second);
}

TEST(Process, it_does_nothing_until_it_is_started_and_returns_what_its_children_return) {
  World world;
  std::vector<int> results;
  Process<> process = collect(world, results);
  EXPECT_FALSE(process.started());
  EXPECT_TRUE(results.empty());
  process.start();
  EXPECT_EQ(results, std::vector<int>{2});
  EXPECT_FALSE(process.done());
  world.open_gate();
  EXPECT_TRUE(process.done());
  EXPECT_EQ(results, (std::vector<int>{2, 4}));
}

TEST(Process, a_root_keeps_its_result) {
  World world;
  Process<int> process = double_later(world, 21);
  process.start();
  world.open_gate();
  EXPECT_EQ(process.result(), 42);
}

Process<std::unique_ptr<std::string>> make_text(World& world) {
  co_await world.gate();
  co_return std::make_unique<std::string>("text");
}

Process<std::string> read_text(World& world) {
  const std::unique_ptr<std::string> text = co_await make_text(world);
  co_return *text + "!";
}

TEST(Process, a_result_may_be_a_type_that_only_moves) {
  World world;
  Process<std::string> process = read_text(world);
  process.start();
  world.open_gate();
  EXPECT_EQ(process.result(), "text!");
}

Process<> nested(World& world, int depth, std::shared_ptr<int> witness) {
  if (depth == 0) {
    co_await world.gate();
    co_return;
  }
  co_await nested(world, depth - 1, witness);
}

TEST(Process, destroying_a_suspended_process_destroys_what_it_awaits) {
  World world;
  const auto witness = std::make_shared<int>(0);
  {
    Process<> process = nested(world, 10, witness);
    process.start();
    EXPECT_EQ(world.frames.live(), 11U);
    EXPECT_EQ(witness.use_count(), 12);
  }
  EXPECT_EQ(world.frames.live(), 0U);
  EXPECT_EQ(witness.use_count(), 1);
}

TEST(Process, a_process_that_was_never_started_is_destroyed_as_well) {
  World world;
  {
    const Process<> process = nested(world, 3, nullptr);
  }
  EXPECT_EQ(world.frames.live(), 0U);
}

TEST(Process, moving_hands_over_the_frame) {
  World world;
  Process<int> first = double_of(world, 4);
  Process<int> second = std::move(first);
  second.start();
  EXPECT_EQ(second.result(), 8);
  second = double_of(world, 5);
  EXPECT_EQ(world.frames.live(), 1U) << "the old frame is gone";
}

Process<long> sum_at_once(World& world, int count) {
  long sum = 0;
  for (int i = 0; i < count; ++i) {
    const int value = co_await double_of(world, i);
    sum += value;
  }
  co_return sum;
}

TEST(Process, a_million_awaits_that_end_at_once_do_not_grow_the_stack) {
  World world;
  Process<long> process = sum_at_once(world, 1'000'000);
  process.start();
  EXPECT_EQ(process.result(), 999'999'000'000);
  EXPECT_LE(world.frames.bytes(), 64U * 1024) << "frames are reused";
}

Process<long> sum_later(World& world, int count) {
  long sum = 0;
  for (int i = 0; i < count; ++i) {
    const int value = co_await double_later(world, i);
    sum += value;
  }
  co_return sum;
}

TEST(Process, a_million_awaits_that_end_later_do_not_grow_the_stack) {
  World world;
  Process<long> process = sum_later(world, 1'000'000);
  process.start();
  while (!process.done()) {
    world.open_gate();
  }
  EXPECT_EQ(process.result(), 999'999'000'000);
}

struct Counter {
  World& world;
  int count = 0;

  FramePool& frame_pool() const { return world.frames; }

  Process<> step() {
    ++count;
    co_await world.gate();
    ++count;
  }
};

TEST(Process, a_member_function_takes_its_frame_from_its_object) {
  World world;
  Counter counter{world};
  Process<> process = counter.step();
  EXPECT_EQ(world.frames.live(), 1U);
  process.start();
  world.open_gate();
  EXPECT_EQ(counter.count, 2);
}

TEST(ProcessDeathTest, starting_twice_is_refused) {
  World world;
  Process<> process = nested(world, 0, nullptr);
  process.start();
  EXPECT_DEATH(process.start(), "starts once");
  Process<> empty;
  EXPECT_DEATH(empty.start(), "only a real process");
}

Process<> throws(World& /*world*/) {
  throw 1;
  co_return;
}

TEST(ProcessDeathTest, an_exception_ends_the_program) {
  World world;
  Process<> process = throws(world);
  EXPECT_DEATH(process.start(), "no exception leaves a process");
}

}  // namespace
}  // namespace timeslice::sim
