// multiprocessing.Pool beyond map: imap, workers that end and workers that are killed.
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "models/os/pipe.hpp"
#include "models/trace_kinds.hpp"
#include "tests/models/world_fixture.hpp"

namespace timeslice::models {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

Step imap(std::uint64_t items, MapOrder order, std::optional<std::uint64_t> chunksize = {}) {
  MapStep step;
  step.items = items;
  step.order = order;
  step.chunksize = chunksize;
  return {.what = step};
}

Step kill(std::uint32_t worker, sim::Duration at) {
  return {.what = KillStep{.executor = {}, .worker = worker, .at = at}};
}

WorldSpec pool_of(std::uint32_t workers, Steps task, Steps main) {
  WorldSpec world = linux_world(2);
  add_task(world, "item", std::move(task));
  add_executor(world, ExecutorKind::processes, workers);
  world.main = numbered(std::move(main));
  return world;
}

Timings run_with_faults(const WorldSpec& world) {
  WorldOptions options;
  options.keep_tasks = true;
  return run_world(world, 1, options);
}

/// 40 items, of which every fourth naps ten times as long.
Steps uneven() {
  return {{.what = ChooseStep{{{.probability = 0.25, .body = {sleep_for(20ms)}},
                               {.probability = 0.75, .body = {sleep_for(2ms)}}}}}};
}

TEST(PoolImap, yields_in_order_or_as_results_come) {
  const Timings ordered = run_with_faults(pool_of(4, uneven(), {imap(40, MapOrder::in_order)}));
  ASSERT_EQ(ordered.tasks.size(), 40U);
  for (std::size_t i = 1; i < ordered.tasks.size(); ++i) {
    EXPECT_LE(ordered.tasks[i - 1].readable, ordered.tasks[i].readable) << i;
  }
  const Timings free = run_with_faults(pool_of(4, uneven(), {imap(40, MapOrder::unordered)}));
  ASSERT_EQ(free.tasks.size(), 40U);
  std::size_t overtaken = 0;
  for (std::size_t i = 1; i < free.tasks.size(); ++i) {
    overtaken += free.tasks[i].readable < free.tasks[i - 1].readable ? 1U : 0U;
    EXPECT_LT(in_ms(free.tasks[i].readable - free.tasks[i].finished), 6.0) << "20 ms in order";
  }
  EXPECT_GT(overtaken, 0U);
}

TEST(PoolImap, gives_results_before_the_last_item_is_done_and_map_does_not) {
  const Steps nap{sleep_for(5ms)};
  const Timings lazy = run_with_faults(pool_of(2, nap, {imap(20, MapOrder::in_order)}));
  const Timings whole = run_with_faults(pool_of(2, nap, {map_items(20)}));
  EXPECT_LT(lazy.tasks[0].readable, lazy.tasks[19].started);
  EXPECT_GE(whole.tasks[0].readable, whole.tasks[19].finished);
}

TEST(PoolImap, hands_items_over_as_far_as_the_pipe_has_room) {
  WorldSpec world = pool_of(1, {sleep_for(5ms)}, {imap(20, MapOrder::in_order)});
  world.executors[0].payload.argument = Bytes{30'000};
  const Timings timings = run_with_faults(world);
  // The worker has one, two lie in 64 KiB, and a part of the next one.
  EXPECT_LT(timings.tasks[3].submitted, timings.tasks[0].finished);
  EXPECT_GT(timings.tasks[5].submitted, timings.tasks[0].finished);
}

TEST(PoolImap, takes_chunks_of_one_unless_told_otherwise) {
  const WorldSpec single = pool_of(2, {python(10us)}, {imap(400, MapOrder::unordered)});
  const WorldSpec many = pool_of(2, {python(10us)}, {imap(400, MapOrder::unordered, 50)});
  const Timings one = run_world(single);
  const Timings fifty = run_world(many);
  EXPECT_GT(metric(one, "ipc_bytes", "pool0"), 10.0 * 400.0 * 10.0);
  EXPECT_GT(one.makespan, fifty.makespan + sim::Duration{5ms});
  EXPECT_EQ(metric(fifty, "tasks_done"), 400.0);
}

TEST(PoolImap, is_of_multiprocessing_pool_alone) {
  WorldSpec world = pool_of(2, {python(1ms)}, {imap(4, MapOrder::in_order)});
  world.executors[0].kind = ExecutorKind::process_executor;
  EXPECT_THAT(check_world(world).front().what, HasSubstr("no imap"));
}

TEST(PoolWorkers, end_after_their_number_of_chunks_and_are_replaced) {
  WorldSpec world = pool_of(2, {python(1ms)}, {map_items(12)});
  world.executors[0].chunksize = 2;
  const sim::Duration lasting = run_world(world).makespan;
  world.executors[0].maxtasksperchild = 1;
  const Timings timings = run_world(world);
  std::size_t workers = 0;
  for (const Metric& one : timings.metrics) {
    workers += one.name == "cpu_time" && one.entity.find("pool0-") == 0 ? 1U : 0U;
  }
  EXPECT_EQ(metric(timings, "tasks_done"), 12.0);
  EXPECT_GE(workers, 3U + 6U) << "six chunks, each by a process of its own";
  EXPECT_GT(timings.makespan, lasting);
}

TEST(PoolKill, of_a_busy_worker_loses_its_chunk_and_the_map_never_returns) {
  const WorldSpec world = pool_of(2, {sleep_for(5ms)}, {kill(1, 60ms), map_items(60)});
  const Timings timings = simulate_world(world, 1, {});
  EXPECT_EQ(timings.status, RunStatus::failed);
  EXPECT_THAT(timings.error, HasSubstr("worker 'pool0-1' was killed while it had"));
  EXPECT_THAT(timings.error, HasSubstr("waits for ever"));
  bool replaced = false;
  for (const Metric& one : timings.metrics) {
    replaced = replaced || (one.name == "cpu_time" && one.entity == "pool0-2");
  }
  EXPECT_TRUE(replaced) << "another process took its place";
}

TEST(PoolKill, of_the_worker_that_waits_on_the_pipe_takes_the_lock_with_it) {
  WorldSpec world =
      pool_of(2, {python(1ms)}, {kill(0, 200ms), map_items(2), sleep_for(400ms), map_items(40)});
  std::size_t hung = 0;
  for (const std::uint32_t worker : {0U, 1U}) {
    std::get<KillStep>(world.main[0].what).worker = worker;
    const Timings timings = simulate_world(world, 1, {});
    if (timings.status == RunStatus::failed) {
      ++hung;
      EXPECT_THAT(timings.error, HasSubstr("held the task queue's lock"));
    } else {
      EXPECT_EQ(timings.status, RunStatus::ok) << timings.error;
      EXPECT_EQ(metric(timings, "tasks_done"), 42.0);
    }
  }
  EXPECT_EQ(hung, 1U) << "one idle worker waits on the pipe, the other for the lock";
}

TEST(PoolKill, of_a_worker_that_the_lock_was_passed_to_leaves_the_others_asleep) {
  WorldSpec world = pool_of(5, {python(1ms)}, {kill(2, 0ms), map_items(5)});
  const sim::Duration lasting = run_world(world).makespan;
  std::size_t asleep = 0;
  for (sim::Duration before = 2ms; before < 5ms; before += 10us) {
    std::get<KillStep>(world.main[0].what).at = lasting - before;
    const Timings timings = simulate_world(world, 1, {});
    asleep += timings.error.find("lock passed on: it is free") != std::string::npos ? 1U : 0U;
    EXPECT_NE(timings.status, RunStatus::deadlock) << before.count() << ": " << timings.error;
  }
  EXPECT_GT(asleep, 0U) << "the pool ends: one worker after the other reads its stop sign";
}

TEST(PoolKill, of_nobody_is_told) {
  const WorldSpec world = pool_of(2, {python(1ms)}, {kill(1, 0ms), map_items(4)});
  const Timings timings = run_world(world);
  EXPECT_THAT(timings.warnings, testing::Contains(HasSubstr("nobody was killed")));
}

TEST(PoolKill, threads_of_several_kills_and_programs_have_names_of_their_own) {
  WorldSpec world = pool_of(2, {python(1ms)}, {kill(1, 0ms), kill(1, 0ms), map_items(4)});
  world.executors[0].name = "background";
  world.tasks[0].name = "kill";
  world.background.push_back({.task = TaskIndex{0}, .threads = 1});
  world.main.insert(
      world.main.begin(),
      {.what = PeriodicStep{.task = TaskIndex{0}, .every = constant(10ms), .length = 20ms}});
  world.main = numbered(world.main);
  WorldOptions options;
  options.keep_slices = true;
  const Timings timings = run_world(world, 1, options);
  std::map<std::string, std::size_t> told;
  for (const Metric& one : timings.metrics) {
    told[one.entity] += one.name == "cpu_time" ? 1U : 0U;
  }
  for (const auto& [name, times] : told) {
    EXPECT_LE(times, 1U) << name;
  }
  std::set<std::string> threads;
  for (const SliceTiming& slice : timings.slices) {
    threads.insert(slice.thread);
  }
  for (const char* name : {"kill", "kill-1", "kill-2", "background'-0-0", "background-0"}) {
    EXPECT_TRUE(threads.contains(name)) << name;
  }
  EXPECT_THAT(timings.warnings, testing::Contains(HasSubstr("kill-1: executor")));
  EXPECT_THAT(timings.warnings, testing::Contains(HasSubstr("kill-2: executor")));
}

TEST(PoolTerminate, stops_workers_in_the_middle_of_an_item) {
  WorldSpec world = pool_of(2, {sleep_for(10s)}, {submit(4), sleep_for(50ms)});
  world.futures = {"f"};
  world.executors[0].shutdown = ExecutorSpec::Shutdown::terminate;
  const Timings timings = run_world(world);
  EXPECT_LT(in_ms(timings.makespan), 100.0);
  EXPECT_EQ(metric(timings, "tasks_done"), 0.0);
}

/// When items begin, and when the run ends.
class Beginnings final : public sim::TraceSink {
 public:
  void write(const sim::TraceRecord& record) override {
    end_ns = record.time_ns;
    if (static_cast<TraceKind>(record.kind) == TraceKind::item_started) {
      begun_ns.push_back(record.time_ns);
    }
  }
  std::vector<std::int64_t> begun_ns;
  std::int64_t end_ns = 0;
};

/// It takes the read lock for good, so each worker ends what it has and gets no more, although the
/// pipe is full of tasks.
TEST(PoolTerminate, gives_no_worker_another_item) {
  constexpr std::uint32_t workers = 3;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    WorldSpec world = pool_of(workers, {python(50us)}, {submit(2000), sleep_for(20ms)});
    world.machine = ideal_machine(6);
    world.machine.costs = OsCosts{};
    world.futures = {"f"};
    world.executors[0].shutdown = ExecutorSpec::Shutdown::terminate;
    Beginnings beginnings;
    WorldOptions options;
    options.sink = &beginnings;
    const Timings timings = run_world(world, seed, options);
    const auto shutdown = static_cast<std::int64_t>(metric(timings, "shutdown", "pool0"));
    std::size_t late = 0;
    for (const std::int64_t at : beginnings.begun_ns) {
      late += at > beginnings.end_ns - shutdown ? 1U : 0U;
    }
    EXPECT_LE(late, workers) << "seed " << seed;
  }
}

TEST(PoolTerminate, frees_a_task_handler_that_waits_for_room) {
  WorldSpec world = pool_of(2, {sleep_for(10s)}, {submit(40), sleep_for(50ms)});
  world.futures = {"f"};
  world.executors[0].shutdown = ExecutorSpec::Shutdown::terminate;
  world.executors[0].payload.argument = Bytes{200'000};
  EXPECT_LT(in_ms(run_world(world).makespan), 200.0);
}

}  // namespace
}  // namespace timeslice::models
