// Shortest job first, where programs announce their next burst: textbook examples, exactly.
#include "models/work/look_ahead.hpp"

#include <gtest/gtest.h>

#include "tests/models/world_fixture.hpp"

namespace timeslice::models {
namespace {

using namespace std::chrono_literals;

/// One CPU; each task is submitted once at time 0, on a thread of its own.
WorldSpec jobs_on_one_cpu(PolicyKind policy, const std::vector<Steps>& jobs) {
  WorldSpec world = cpp_world(1);
  world.os.policy.kind = policy;
  add_executor(world, ExecutorKind::cpp_async);
  world.futures = {"all"};
  for (std::uint32_t i = 0; i < jobs.size(); ++i) {
    add_task(world, "p" + std::to_string(i + 1), jobs[i]);
    world.main.push_back(submit(1, i));
  }
  world.main.push_back(join());
  world.main = numbered(world.main);
  return world;
}

std::vector<double> ends_ms(const WorldSpec& world) {
  const Timings timings = run_world(world);
  std::vector<double> ends;
  for (const TaskSpec& task : world.tasks) {
    ends.push_back(metric(timings, "task_latency_mean", task.name) / 1e6);
  }
  return ends;
}

// Silberschatz, Galvin and Gagne, Operating System Concepts, CPU scheduling: bursts 6, 8, 7, 3.
TEST(ShortestFirst, runs_the_textbook_bursts_in_order_of_length) {
  const std::vector<Steps> bursts{{native(6ms)}, {native(8ms)}, {native(7ms)}, {native(3ms)}};
  EXPECT_EQ(ends_ms(jobs_on_one_cpu(PolicyKind::sjf, bursts)), (std::vector{9.0, 24.0, 16.0, 3.0}));
  EXPECT_EQ(ends_ms(jobs_on_one_cpu(PolicyKind::fifo, bursts)),
            (std::vector{6.0, 14.0, 21.0, 24.0}));
}

// The same chapter: arrivals 0, 1, 2, 3 and bursts 8, 4, 9, 5.
TEST(ShortestFirst, with_preemption_gives_the_textbook_schedule) {
  const std::vector<Steps> jobs{
      {native(8ms)}, {io(1ms), native(4ms)}, {io(2ms), native(9ms)}, {io(3ms), native(5ms)}};
  EXPECT_EQ(ends_ms(jobs_on_one_cpu(PolicyKind::srtf, jobs)), (std::vector{17.0, 5.0, 26.0, 10.0}));
  EXPECT_EQ(ends_ms(jobs_on_one_cpu(PolicyKind::sjf, jobs)), (std::vector{8.0, 12.0, 26.0, 17.0}));
}

TEST(ShortestFirst, a_burst_is_all_work_up_to_the_next_wait) {
  // 2 + 2 * 3 before the wait is longer than 7, though its first step is short; then 1.
  const std::vector<Steps> jobs{{native(2ms), repeat(2, {native(3ms)}), io(1ms), native(1ms)},
                                {native(7ms)}};
  EXPECT_EQ(ends_ms(jobs_on_one_cpu(PolicyKind::sjf, jobs)), (std::vector{17.0, 7.0}));
}

TEST(ShortestFirst, knows_what_comes_after_a_wait_inside_of_loops) {
  // After its wait p1 goes on with 1 (rest of the turn) + 1 (next turn, up to its wait) = 2 < 3;
  // p2 wakes up at the same time and has 3.
  const std::vector<Steps> jobs{{repeat(2, {native(1ms), io(5ms), native(1ms)})},
                                {native(1ms), io(4ms), native(3ms)}};
  // p1 0-1, waits to 6; p2 1-2, waits to 6. At 6: p1 (2) runs to 8, waits to 13; p2 8-11; p1 13-14.
  EXPECT_EQ(ends_ms(jobs_on_one_cpu(PolicyKind::sjf, jobs)), (std::vector{14.0, 11.0}));
}

TEST(ShortestFirst, drawn_lengths_are_known_too) {
  Step drawn{
      .what = NativeStep{
          {.kind = DistributionKind::uniform, .first_ns = 1e6, .second = 9e6, .values_ns = {}}}};
  const auto ends = ends_ms(jobs_on_one_cpu(PolicyKind::sjf, {{drawn}, {drawn}, {drawn}, {drawn}}));
  std::vector<double> sorted = ends;
  std::ranges::sort(sorted);
  for (std::size_t i = 1; i + 1 < sorted.size(); ++i) {
    EXPECT_LE(sorted[i] - sorted[i - 1], sorted[i + 1] - sorted[i]) << "shorter ones first";
  }
}

TEST(ShortestFirst, works_with_pools_and_with_the_gil) {
  for (const PolicyKind policy : {PolicyKind::sjf, PolicyKind::srtf}) {
    WorldSpec world = ideal_world(2);
    world.os.policy.kind = policy;
    add_executor(world, ExecutorKind::threads, 3);
    add_task(world, "job", {python(1ms), io(2ms), native(3ms)});
    world.main = numbered({map_items(20)});
    const Timings timings = run_world(world);
    EXPECT_EQ(metric(timings, "tasks_done"), 20.0);
    EXPECT_NEAR(metric(timings, "cpu_time"), 80e6, 1e6);
  }
}

TEST(Ageing, gives_a_less_urgent_thread_one_turn_in_k_plus_2) {
  for (const QueueScope scope : {QueueScope::shared, QueueScope::per_cpu}) {
    WorldSpec world = jobs_on_one_cpu(PolicyKind::priority, {{native(6s)}, {native(1s)}});
    world.os.policy.scope = scope;
    world.os.policy.age = 10ms;
    add_executor(world, ExecutorKind::cpp_async).nice = 5;
    std::get<SubmitStep>(world.main[1].what).executor = ExecutorIndex{1};
    const auto ends = ends_ms(world);
    EXPECT_NEAR(ends[0], 7'000.0, 70.0) << "60 ms against 10 ms";
    world.os.policy.age = 0ms;
    EXPECT_EQ(ends_ms(world)[0], 6'000.0) << "without ageing the other one starves";
  }
}

}  // namespace
}  // namespace timeslice::models
