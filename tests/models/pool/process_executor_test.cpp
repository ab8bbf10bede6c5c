#include "models/pool/process_executor.hpp"

#include <cmath>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/models/world_fixture.hpp"

namespace timeslice::models {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr ExecutorKind ppe = ExecutorKind::process_executor;

WorldSpec executor_world(std::uint32_t workers, sim::Duration item, std::uint64_t items) {
  WorldSpec world = linux_world(2);
  add_task(world, "item", {python(item)});
  add_executor(world, ppe, workers);
  world.main = numbered({map_items(items)});
  return world;
}

std::size_t threads_called(const Timings& timings, const std::string& prefix) {
  std::size_t count = 0;
  for (const Metric& one : timings.metrics) {
    count += one.name == "cpu_time" && one.entity.starts_with(prefix) ? 1U : 0U;
  }
  return count;
}

TEST(ProcessExecutor, forks_all_workers_at_the_first_submit) {
  EXPECT_EQ(threads_called(run_world(executor_world(4, 1ms, 1)), "pool0-"), 4U + 2U);
}

TEST(ProcessExecutor, spawns_workers_only_as_they_are_needed) {
  WorldSpec world = executor_world(4, 1ms, 1);
  world.executors[0].start = StartMethod::spawn;
  EXPECT_EQ(threads_called(run_world(world), "pool0-"), 1U + 2U);
  world.main = numbered({repeat(3, {map_items(1)})});
  EXPECT_EQ(threads_called(run_world(world), "pool0-"), 1U + 2U) << "an idle worker is taken again";
  world.main = numbered({map_items(50)});
  EXPECT_EQ(threads_called(run_world(world), "pool0-"), 4U + 2U);
}

TEST(ProcessExecutor, no_more_than_one_call_more_than_workers_is_out_of_the_parent) {
  WorldSpec world = executor_world(2, 20ms, 20);
  WorldOptions options;
  options.keep_tasks = true;
  const Timings timings = run_world(world, 1, options);
  EXPECT_NEAR(in_ms(timings.makespan), 200.0, 30.0);
  world.executors[0].payload.argument = Bytes{16 << 20};
  const Timings heavy = run_world(world, 1, options);
  EXPECT_GT(in_ms(heavy.makespan), in_ms(timings.makespan));
}

TEST(ProcessExecutor, costs_more_a_message_than_a_pool) {
  WorldSpec executor = executor_world(2, 0ms, 1000);
  WorldSpec pool = executor;
  pool.executors[0].kind = ExecutorKind::processes;
  pool.executors[0].chunksize = 1;
  EXPECT_GT(in_ms(run_world(executor).makespan), 1.3 * in_ms(run_world(pool).makespan));
}

TEST(ProcessExecutor, maps_items_one_by_one_unless_told_otherwise) {
  WorldSpec world = executor_world(2, 0ms, 1000);
  const sim::Duration single = run_world(world).makespan;
  world.executors[0].chunksize = 100;
  EXPECT_LT(3 * run_world(world).makespan, single);
}

TEST(ProcessExecutor, replaces_a_worker_that_has_done_its_calls) {
  WorldSpec world = executor_world(2, 1ms, 12);
  world.executors[0].maxtasksperchild = 1;
  const Timings timings = run_world(world);
  EXPECT_EQ(metric(timings, "tasks_done"), 12.0);
  EXPECT_GE(threads_called(timings, "pool0-"), 12U + 2U);
  world.executors[0].start = StartMethod::fork;
  EXPECT_THAT(check_world(world).front().what, HasSubstr("refuses max_tasks_per_child with fork"));
}

/// gh-115634: seen on 3.11.2, 3.12.1 and 3.13.0 with this very program.
TEST(ProcessExecutor, hangs_as_the_real_one_when_a_stale_token_stands_for_a_worker_that_ended) {
  WorldSpec world = executor_world(2, 1ms, 12);
  world.executors[0].maxtasksperchild = 3;
  const Timings timings = simulate_world(world, 1, {});
  EXPECT_EQ(timings.status, RunStatus::failed);
  EXPECT_EQ(metric(timings, "tasks_done"), 6.0);
  EXPECT_THAT(timings.error, HasSubstr("gh-115634"));
}

/// Seen on 3.11.7: max_workers=1, max_tasks_per_child=3, map of 3, a pause, a submit; a second
/// submit starts a worker, which does both.
TEST(ProcessExecutor, a_later_submit_hangs_too_on_a_stale_token_until_another_finds_none) {
  WorldSpec world = executor_world(1, 1ms, 3);
  world.executors[0].maxtasksperchild = 3;
  world.main = numbered({map_items(3), sleep_for(300ms), map_items(1)});
  const Timings hangs = simulate_world(world, 1, {});
  EXPECT_EQ(hangs.status, RunStatus::failed);
  EXPECT_THAT(hangs.error, HasSubstr("gh-115634"));
  world.main = numbered({map_items(3), sleep_for(300ms), map_items(2)});
  const Timings ends = simulate_world(world, 1, {});
  EXPECT_EQ(ends.status, RunStatus::ok) << ends.error;
  EXPECT_EQ(metric(ends, "tasks_done"), 5.0);
}

TEST(ProcessExecutor, a_killed_worker_breaks_it_and_ends_the_program) {
  WorldSpec world = executor_world(2, 5ms, 100);
  world.main.insert(world.main.begin(),
                    {.what = KillStep{.executor = {}, .worker = 1, .at = 100ms}});
  world.main = numbered(world.main);
  const Timings timings = simulate_world(world, 1, {});
  EXPECT_EQ(timings.status, RunStatus::failed);
  EXPECT_THAT(timings.error, HasSubstr("BrokenProcessPool"));
  EXPECT_THAT(timings.error, HasSubstr("worker 'pool0-1' was killed"));
  EXPECT_LT(in_ms(timings.makespan), 110.0) << "it is noticed at once";
}

TEST(ProcessExecutor, a_submit_to_a_broken_one_raises_too) {
  WorldSpec world = executor_world(2, 5ms, 4);
  world.main = numbered({{.what = KillStep{.executor = {}, .worker = 0, .at = 150ms}},
                         map_items(4),
                         sleep_for(300ms),
                         map_items(1)});
  const Timings timings = simulate_world(world, 1, {});
  EXPECT_EQ(timings.status, RunStatus::failed);
  EXPECT_GT(in_ms(timings.makespan), 300.0);
  world.main = numbered({{.what = KillStep{.executor = {}, .worker = 0, .at = 150ms}},
                         map_items(4),
                         sleep_for(300ms)});
  EXPECT_EQ(simulate_world(world, 1, {}).status, RunStatus::ok) << "nobody asked it for anything";
}

/// Each call has an argument of 10 kB; the second submits wake the manager after the workers took
/// their first calls.
TEST(ProcessExecutor, hands_out_as_many_calls_as_run_and_workers_and_one_more) {
  for (const std::uint32_t workers : {1U, 2U, 5U}) {
    WorldSpec world = executor_world(workers, 10s, 0);
    world.machine = ideal_machine(8);
    world.executors[0].payload.argument = Bytes{10'000};
    world.futures = {"f"};
    world.main = numbered({{.what = KillStep{.executor = {}, .worker = 0, .at = 2s}},
                           submit(10),
                           sleep_for(1s),
                           submit(10),
                           join()});
    const Timings timings = simulate_world(world, 1, {});
    ASSERT_THAT(timings.error, HasSubstr("BrokenProcessPool"));
    const double sent = metric(timings, "ipc_bytes", "pool0") / 10'000.0;
    EXPECT_EQ(std::floor(sent), 2.0 * workers + 1.0) << sent;
  }
}

/// Nobody asks for the results, so that nobody hears of the break unless a later submit raises.
TEST(ProcessExecutor, a_kill_at_any_time_of_its_start_never_makes_main_hang) {
  WorldSpec world = executor_world(3, 1ms, 0);
  world.executors[0].start = StartMethod::spawn;
  world.futures = {"f"};
  std::size_t broken = 0;
  for (sim::Duration at = 100us; at < 8ms; at += 100us) {
    world.main = numbered(
        {{.what = KillStep{.executor = {}, .worker = 0, .at = at}}, submit(3), sleep_for(1s)});
    const Timings timings = simulate_world(world, 1, {});
    const bool raised = timings.error.find("BrokenProcessPool") != std::string::npos;
    EXPECT_TRUE(timings.status == RunStatus::ok || raised)
        << timings.error << " killed at " << at.count() << " ns";
    broken += timings.status == RunStatus::ok && metric(timings, "tasks_done") < 3.0 ? 1U : 0U;
  }
  EXPECT_GT(broken, 0U);
}

TEST(InterpreterPool, computes_in_parallel_in_one_process_and_says_that_nobody_checked) {
  WorldSpec world = executor_world(2, 20ms, 20);
  world.executors[0].kind = ExecutorKind::interpreters;
  EXPECT_THAT(check_world(world).front().what, HasSubstr("3.14"));
  world.runtime.version = {.major = 3, .minor = 14};
  const Timings timings = run_world(world);
  EXPECT_NEAR(in_ms(timings.makespan), 200.0 + 12.0 + 5.0, 20.0);
  EXPECT_THAT(timings.warnings, testing::Contains(HasSubstr("never run natively")));
  world.executors[0].kind = ExecutorKind::threads;
  EXPECT_GT(in_ms(run_world(world).makespan), 390.0) << "threads share one GIL";
}

}  // namespace
}  // namespace timeslice::models
