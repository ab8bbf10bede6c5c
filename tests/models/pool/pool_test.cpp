#include <map>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "models/pool/executor.hpp"
#include "models/python/start.hpp"
#include "models/trace_kinds.hpp"
#include "tests/models/world_fixture.hpp"

namespace timeslice::models {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

WorldSpec pool_world(WorldSpec world, ExecutorKind kind, std::uint32_t workers, sim::Duration item,
                     std::uint64_t items) {
  add_task(world, "item", {python(item)});
  add_executor(world, kind, workers);
  world.main = numbered({map_items(items)});
  return world;
}

Timings run_with_tasks(const WorldSpec& world) {
  WorldOptions options;
  options.keep_tasks = true;
  return run_world(world, 1, options);
}

std::set<std::string> workers_of(const Timings& timings) {
  std::set<std::string> names;
  for (const TaskTiming& task : timings.tasks) {
    names.insert(task.worker);
  }
  return names;
}

TEST(PoolChunks, follow_the_formula_of_cpython) {
  EXPECT_EQ(pool_chunksize(1000, 2), 125U);
  EXPECT_EQ(pool_chunksize(17, 4), 2U);
  EXPECT_EQ(pool_chunksize(0, 4), 0U);
  EXPECT_EQ(pool_chunksize(5, 4), 1U);
}

/// How often the worker gives its GIL up for a call.
double calls_of_worker(std::uint64_t items) {
  WorldSpec world = pool_world(linux_world(8), ExecutorKind::processes, 1, 1ms, 0);
  Step map = map_items(items);
  std::get<MapStep>(map.what).chunksize = 1;
  world.main = numbered({map});
  sim::MemorySink sink;
  WorldOptions options;
  options.sink = &sink;
  static_cast<void>(run_world(world, 1, options));
  std::map<std::uint32_t, std::uint64_t> drops;
  std::set<std::uint32_t> workers;
  for (const sim::TraceRecord& record : sink.records()) {
    if (record.kind == static_cast<std::uint16_t>(TraceKind::item_started)) {
      workers.insert(record.subject);
    }
    if (record.kind == static_cast<std::uint16_t>(TraceKind::gil_drop)) {
      ++drops[record.subject];
    }
  }
  return static_cast<double>(drops[*workers.begin()]);
}

TEST(PoolMessages, are_read_by_two_calls_and_written_by_one) {
  EXPECT_EQ((calls_of_worker(300) - calls_of_worker(100)) / 200.0, 3.0) << "length, rest; result";
}

TEST(Workers, default_by_kind_and_version) {
  WorldSpec world;
  world.machine = ideal_machine(48);
  ExecutorSpec spec;
  spec.kind = ExecutorKind::threads;
  EXPECT_EQ(resolve_workers(spec, world), 32U);
  world.machine = ideal_machine(2);
  EXPECT_EQ(resolve_workers(spec, world), 6U);
  world.machine = ideal_machine(48);
  world.runtime.version = {.major = 3, .minor = 7};
  EXPECT_EQ(resolve_workers(spec, world), 240U);
  spec.kind = ExecutorKind::processes;
  EXPECT_EQ(resolve_workers(spec, world), 48U);
  spec.workers = {.kind = WorkerCount::Kind::number, .number = 3};
  EXPECT_EQ(resolve_workers(spec, world), 3U);
}

/// A container with 2 CPUs on a host with 64: os.cpu_count() does not know.
TEST(Workers, default_sees_the_cpus_of_a_container_from_python_3_13_on_but_never_its_quota) {
  WorldSpec world;
  world.machine = ideal_machine(64);
  world.os.groups = {{.name = "pod", .cpus = {CpuId{0}, CpuId{1}, CpuId{2}}},
                     {.name = "app",
                      .parent = GroupId{1},
                      .quota = CpuQuota{.quota = 100ms},
                      .cpus = {CpuId{2}, CpuId{1}, CpuId{9}}}};
  world.os.program_group = GroupId{2};
  ExecutorSpec spec;
  for (const auto& [minor, processes, threads] :
       {std::tuple{12, 64U, 32U}, std::tuple{13, 2U, 6U}}) {
    world.runtime.version = {.major = 3, .minor = minor};
    spec.kind = ExecutorKind::processes;
    EXPECT_EQ(resolve_workers(spec, world), processes) << minor;
    spec.kind = ExecutorKind::threads;
    EXPECT_EQ(resolve_workers(spec, world), threads) << minor;
  }
  spec.workers = {.kind = WorkerCount::Kind::cores, .number = 0};
  EXPECT_EQ(resolve_workers(spec, world), 2U) << "cores that its group may use";
  spec.group = GroupId{1};
  EXPECT_EQ(resolve_workers(spec, world), 3U);
}

TEST(StartMethods, default_by_platform_and_version) {
  RuntimeSpec runtime;
  EXPECT_EQ(resolve_start(StartMethod::platform_default, runtime), StartMethod::fork);
  runtime.version = {.major = 3, .minor = 14};
  EXPECT_EQ(resolve_start(StartMethod::platform_default, runtime), StartMethod::forkserver);
  runtime.platform = Platform::macos;
  EXPECT_EQ(resolve_start(StartMethod::platform_default, runtime), StartMethod::spawn);
  EXPECT_EQ(resolve_start(StartMethod::fork, runtime), StartMethod::fork);
}

/// Threads that a pool of six makes for three items that are handed over one after the other.
std::size_t threads_for_three(PythonVersion version) {
  WorldSpec world = linux_world(2);
  world.runtime.version = version;
  add_task(world, "nap", {sleep_for(1ms)});
  add_executor(world, ExecutorKind::threads, 6);
  world.main = numbered({repeat(3, {map_items(1), sleep_for(1ms)})});
  std::size_t threads = 0;
  for (const Metric& one : run_world(world).metrics) {
    threads += one.name == "cpu_time" && one.entity.starts_with("pool0-") ? 1U : 0U;
  }
  return threads;
}

TEST(ThreadPool, uses_idle_workers_again_from_3_8_on) {
  EXPECT_EQ(threads_for_three({.major = 3, .minor = 7}), 3U);
  EXPECT_EQ(threads_for_three({.major = 3, .minor = 11}), 1U);
  EXPECT_EQ(threads_for_three({.major = 3, .minor = 12}), 1U);
}

TEST(ThreadPool, makes_no_more_workers_than_items_need) {
  const Timings timings =
      run_with_tasks(pool_world(linux_world(4), ExecutorKind::threads, 8, 1ms, 3));
  EXPECT_LE(workers_of(timings).size(), 3U);
  EXPECT_EQ(timings.tasks.size(), 3U);
}

TEST(ThreadPool, io_bound_items_overlap) {
  WorldSpec world = linux_world(2);
  add_task(world, "page", {io(10ms)});
  add_executor(world, ExecutorKind::threads, 10);
  world.main = numbered({map_items(40)});
  EXPECT_NEAR(in_ms(run_world(world).makespan), 40.0, 4.0);
}

TEST(ThreadPool, submit_and_join_are_a_map_in_two_steps) {
  WorldSpec world = pool_world(ideal_world(2), ExecutorKind::threads, 2, 1ms, 8);
  const sim::Duration mapped = run_world(world).makespan;
  world.futures = {"f"};
  world.main = numbered({submit(8), join()});
  EXPECT_EQ(run_world(world).makespan, mapped);
}

class EveryPythonExecutor : public testing::TestWithParam<ExecutorKind> {};

TEST_P(EveryPythonExecutor, does_all_items_once_in_any_number) {
  for (const std::uint64_t items : {0U, 1U, 5U, 100U}) {
    const Timings timings = run_with_tasks(pool_world(linux_world(2), GetParam(), 3, 300us, items));
    ASSERT_EQ(timings.tasks.size(), items);
    std::set<std::uint64_t> numbers;
    for (const TaskTiming& task : timings.tasks) {
      numbers.insert(task.item);
      EXPECT_LE(task.submitted, task.started);
      EXPECT_LT(task.started, task.finished);
      EXPECT_LE(task.finished, task.readable);
    }
    EXPECT_EQ(numbers.size(), items);
  }
}

TEST_P(EveryPythonExecutor, costs_nothing_on_an_ideal_machine) {
  WorldSpec world = pool_world(ideal_world(8), GetParam(), 4, 1ms, 4);
  world.executors[0].chunksize = 1;
  const bool threads =
      GetParam() == ExecutorKind::threads || GetParam() == ExecutorKind::thread_per_task;
  const sim::Duration expected =
      threads || GetParam() == ExecutorKind::serial ? sim::Duration{4ms} : sim::Duration{1ms};
  EXPECT_EQ(run_world(world).makespan, expected);
}

TEST_P(EveryPythonExecutor, ends_what_was_never_joined) {
  WorldSpec world = pool_world(linux_world(2), GetParam(), 2, 1ms, 1);
  world.futures = {"f"};
  world.main = numbered({submit(6)});
  EXPECT_EQ(metric(run_world(world), "tasks_done"), 6.0);
}

INSTANTIATE_TEST_SUITE_P(All, EveryPythonExecutor,
                         testing::Values(ExecutorKind::serial, ExecutorKind::threads,
                                         ExecutorKind::thread_per_task, ExecutorKind::processes,
                                         ExecutorKind::process_per_task));

TEST(ProcessPool, cpu_bound_python_speeds_up) {
  const Timings one = run_world(pool_world(linux_world(4), ExecutorKind::processes, 1, 5ms, 80));
  const Timings four = run_world(pool_world(linux_world(4), ExecutorKind::processes, 4, 5ms, 80));
  EXPECT_GT(in_ms(one.makespan) / in_ms(four.makespan), 3.0);
}

TEST(ProcessPool, a_map_becomes_readable_as_a_whole) {
  WorldSpec world = pool_world(linux_world(2), ExecutorKind::processes, 2, 1ms, 20);
  const Timings timings = run_with_tasks(world);
  for (const TaskTiming& task : timings.tasks) {
    EXPECT_NEAR(in_ms(task.readable - timings.tasks[0].readable), 0.0, 0.5);
  }
}

TEST(ProcessPool, default_chunks_are_faster_than_chunks_of_one_for_short_items) {
  WorldSpec world = pool_world(linux_world(2), ExecutorKind::processes, 2, 100us, 1000);
  const sim::Duration whole = run_world(world).makespan;
  world.executors[0].chunksize = 1;
  const sim::Duration single = run_world(world).makespan;
  EXPECT_GT(in_ms(single), 1.15 * in_ms(whole));
}

TEST(ProcessPool, start_methods_cost_what_they_cost) {
  std::vector<double> startups;
  for (const StartMethod method :
       {StartMethod::fork, StartMethod::forkserver, StartMethod::spawn}) {
    WorldSpec world = pool_world(linux_world(2), ExecutorKind::processes, 2, 1ms, 2);
    world.executors[0].start = method;
    world.executors[0].import_cost = 20ms;
    startups.push_back(in_ms(run_world(world).makespan));
  }
  EXPECT_LT(startups[0], 23.0)
      << "measured 7 ms until the first result, 4 ms to close, and 7-11 ms "
         "for the first import of multiprocessing.pool";
  EXPECT_GT(startups[1], 70.0) << "the server starts first";
  EXPECT_GT(startups[2], 60.0);
}

TEST(ProcessPool, memory_of_workers_is_touched_when_they_start_and_freed_when_they_end) {
  WorldSpec world = ideal_world(1);
  world.machine.costs.page_fault = 2us;
  world.machine.costs.fork_per_mib = 30us;
  world.runtime.memory = {};
  for (const StartMethod method : {StartMethod::fork, StartMethod::spawn}) {
    WorldSpec with = pool_world(world, ExecutorKind::processes, 3, 1ms, 3);
    with.executors[0].start = method;
    const WorldSpec plain = with;
    const sim::Duration bare = run_world(plain).makespan;
    with.executors[0].memory = Bytes{(8 << 20) - 1};  // 2048 pages, less a byte
    EXPECT_NEAR(in_ms(run_world(with).makespan - bare), 3 * (2048 * 0.002 + 8 * 0.03), 0.001);
    EXPECT_EQ(run_world(without(with, Effect::start_cost)).makespan,
              run_world(without(plain, Effect::start_cost)).makespan);
  }
}

TEST(ProcessPool, terminate_skips_the_exit_of_the_workers) {
  WorldSpec world = pool_world(linux_world(2), ExecutorKind::processes, 2, 1ms, 4);
  const sim::Duration joined = run_world(world).makespan;
  world.executors[0].shutdown = ExecutorSpec::Shutdown::terminate;
  EXPECT_LT(run_world(world).makespan, joined);
}

TEST(ProcessPool, terminate_ends_a_pool_that_has_work_left) {
  WorldSpec world = pool_world(linux_world(2), ExecutorKind::processes, 2, 10ms, 1);
  world.executors[0].shutdown = ExecutorSpec::Shutdown::terminate;
  world.futures = {"f"};
  world.main = numbered({submit(100), python(30ms)});
  const Timings timings = run_world(world);
  EXPECT_LT(metric(timings, "tasks_done"), 20.0);
  EXPECT_LT(in_ms(timings.makespan), 100.0);
  ASSERT_FALSE(timings.warnings.empty());
  EXPECT_THAT(timings.warnings.back(), HasSubstr("is terminated while items are unfinished"));
}

TEST(ProcessPool, payload_takes_time_and_is_counted) {
  WorldSpec world = pool_world(linux_world(2), ExecutorKind::processes, 2, 1ms, 20);
  const Timings bare = run_world(world);
  world.executors[0].payload = {.argument = Bytes{1 << 20}, .result = Bytes{1 << 20}};
  const Timings loaded = run_world(world);
  EXPECT_GT(loaded.makespan, bare.makespan + sim::Duration{10ms});
  EXPECT_GT(metric(loaded, "ipc_bytes", "pool0"), 40.0 * (1 << 20));
  EXPECT_THAT(loaded.warnings, testing::Contains(HasSubstr("payload")));
}

/// Many short tasks in messages of one, where all wake-ups take the same time.
WorldSpec pool_in_step() {
  WorldSpec world = pool_world(linux_world(2), ExecutorKind::processes, 2, 100us, 1000);
  world.executors[0].chunksize = 1;
  world.machine.costs.wake_idle_cpu_jitter = {};
  return world;
}

TEST(ProcessPool, handlers_that_fall_into_step_are_parted_after_a_tick) {
  WorldSpec endless = pool_in_step();
  endless.runtime.pool.longest_spin = 1h;
  WorldOptions options;
  options.limits.events = 400'000;
  std::uint64_t hung = 0;
  for (std::uint64_t seed = 1; hung == 0 && seed <= 20; ++seed) {
    hung = simulate_world(endless, seed, options).status == RunStatus::timeout ? seed : 0;
  }
  ASSERT_GT(hung, 0U) << "some seed shows two threads that hand the GIL to and fro for ever";
  const Timings parted = run_world(pool_in_step(), hung, options);
  EXPECT_LT(in_ms(parted.makespan), 200.0);
  EXPECT_LT(parted.events, 200'000U);
}

TEST(ProcessPool, polling_in_vain_ends_after_the_longest_spin) {
  WorldSpec world = pool_in_step();
  const auto polled_ms = [&world](sim::Duration longest) {
    double sum = 0.0;
    world.runtime.pool.longest_spin = longest;
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      sum += metric(run_world(world, seed), "cpu_time", "pool0-workers") / 1e6;
    }
    return sum;
  };
  EXPECT_LT(polled_ms(50us), 0.7 * polled_ms(4ms)) << "most spins end by a hand-over before 500 us";
}

TEST(ProcessPool, forking_beside_running_threads_is_a_hazard_that_is_told) {
  WorldSpec world = linux_world(2);
  add_task(world, "item", {python(1ms)});
  add_executor(world, ExecutorKind::threads, 2);
  add_executor(world, ExecutorKind::processes, 2);
  world.main = numbered({map_items(2, 0, 0), map_items(2, 0, 1)});
  EXPECT_THAT(run_world(world).warnings,
              testing::Contains(HasSubstr("forked while other threads")));
}

TEST(ProcessPerTask, is_slower_than_a_pool_for_many_short_items) {
  const Timings pool = run_world(pool_world(linux_world(2), ExecutorKind::processes, 2, 1ms, 50));
  const Timings each =
      run_world(pool_world(linux_world(2), ExecutorKind::process_per_task, 0, 1ms, 50));
  EXPECT_GT(each.makespan, 2 * pool.makespan);
}

TEST(CppPools, wake_their_submitter_once_for_a_whole_map) {
  WorldSpec world = cpp_world(2);
  add_task(world, "item", {native(1ms)});
  add_executor(world, ExecutorKind::cpp_threads, 1);
  world.main = numbered({map_items(50)});
  EXPECT_LT(metric(run_world(world), "switches_voluntary", "main"), 5.0) << "start, work, shutdown";
}

TEST(CppPools, native_items_use_all_cores) {
  for (const ExecutorKind kind : {ExecutorKind::cpp_threads, ExecutorKind::cpp_async}) {
    WorldSpec world = linux_world(4);
    world.os.balance = {.kind = BalanceKind::work_conserving};
    world.runtime.language = Language::none;
    add_task(world, "item", {native(2ms)});
    add_executor(world, kind, 4);
    world.main = numbered({map_items(100)});
    EXPECT_NEAR(in_ms(run_world(world).makespan), 50.0, 4.0);
  }
}

TEST(Workers, run_where_they_are_pinned) {
  WorldSpec world = pool_world(linux_world(4), ExecutorKind::processes, 2, 5ms, 8);
  world.executors[0].pin = {CpuId{2}, CpuId{3}};
  const Timings timings = run_world(world);
  EXPECT_GT(metric(timings, "cpu_utilization", "2"), 0.3);
  EXPECT_GT(metric(timings, "cpu_utilization", "3"), 0.3);
}

}  // namespace
}  // namespace timeslice::models
