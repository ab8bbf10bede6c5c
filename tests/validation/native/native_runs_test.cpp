// Real runs on this host's CPython and on C++ threads. They look at what was done, not at how
// long it took: this machine may be busy.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/validation/small_world.hpp"
#include "validation/native/cpp_threads_runner.hpp"
#include "validation/native/program.hpp"
#include "validation/native/python_runner.hpp"
#include "validation/speed_index.hpp"

namespace timeslice::validation {
namespace {

using namespace std::chrono_literals;
using models::ExecutorKind;

std::shared_ptr<const HostCalibration> calibration() {
  return std::make_shared<HostCalibration>(rough_calibration());
}

PythonRunner python_runner() {
  return {calibration(), std::move(ScriptFolder::create()).value(), ChildLimits{}};
}

models::WorldSpec on_this_host(models::WorldSpec world) {
  world.machine.cpus.resize(std::min(world.machine.cpus.size(), allowed_cpus().size()));
  return world;
}

double metric(const models::Timings& timings, const std::string& name) {
  const auto found = std::ranges::find(timings.metrics, name, &models::Metric::name);
  return found == timings.metrics.end() ? -1.0 : found->value;
}

std::int64_t nominal_of(const NativeRun& run) {
  std::int64_t sum = 0;
  for (const KernelSample& sample : run.samples) {
    sum += sample.nominal_ns;
  }
  return sum;
}

struct Case {
  std::string name;
  ExecutorKind kind;
  models::StartMethod start = models::StartMethod::fork;
};

class NativePython : public testing::TestWithParam<Case> {};

TEST_P(NativePython, notes_latencies_where_it_is_asked_to) {
  const ExecutorKind kind = GetParam().kind;
  if (kind == ExecutorKind::serial || kind == ExecutorKind::asyncio ||
      kind == ExecutorKind::process_per_task) {
    GTEST_SKIP() << "it has none";
  }
  models::WorldSpec world = on_this_host(mapped({sleep(3ms)}, 6, kind, 2));
  world.executors[0].start = GetParam().start;
  PythonRunner runner{calibration(), std::move(ScriptFolder::create()).value(), ChildLimits{},
                      RunStyle{.latencies = true}};
  const NativeRun run = runner.measure(scenario_of(world), 0, {});
  ASSERT_EQ(run.timings.status, models::RunStatus::ok) << run.timings.error;
  ASSERT_EQ(run.timings.latencies.size(), 1U);
  EXPECT_EQ(run.timings.latencies[0].task, "task");
  ASSERT_EQ(run.timings.latencies[0].nanoseconds.size(), 6U);
  EXPECT_GE(run.timings.latencies[0].nanoseconds.front(), 3'000'000);
  EXPECT_LE(run.timings.latencies[0].nanoseconds.back(), run.timings.makespan.count());
  EXPECT_GE(metric(run.timings, "task_latency_p95"), metric(run.timings, "task_latency_p50"));
}

TEST_P(NativePython, does_all_its_work_and_says_how_fast_each_cpu_was) {
  if (!std::filesystem::exists("/usr/bin/python3")) {
    GTEST_SKIP() << "no /usr/bin/python3 here";
  }
  models::WorldSpec world =
      on_this_host(mapped({python(500us), native(300us), sleep(200us)}, 6, GetParam().kind, 2));
  world.executors[0].start = GetParam().start;
  PythonRunner runner = python_runner();
  const NativeRun run = runner.measure(scenario_of(world), 0, {});
  ASSERT_EQ(run.timings.status, models::RunStatus::ok) << run.timings.error;
  EXPECT_EQ(nominal_of(run), 6 * 800'000);
  EXPECT_EQ(run.samples.size(), 12U);
  EXPECT_GT(mean_slowness(run.samples), 0.0);
  EXPECT_GT(run.timings.makespan, 1ms);
  EXPECT_EQ(metric(run.timings, "tasks_done"), 6.0);
  EXPECT_GT(metric(run.timings, "cpu_time"), 0.0);
  for (const KernelSample& sample : run.samples) {
    EXPECT_GE(sample.begin_ns, 0);
    EXPECT_LE(sample.end_ns, run.timings.makespan.count());
    EXPECT_LE(sample.begin_ns, sample.end_ns);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Executors, NativePython,
    testing::Values(
        Case{"serial", ExecutorKind::serial}, Case{"threads", ExecutorKind::threads},
        Case{"thread_per_task", ExecutorKind::thread_per_task},
        Case{"processes_fork", ExecutorKind::processes},
        Case{"processes_spawn", ExecutorKind::processes, models::StartMethod::spawn},
        Case{"processes_forkserver", ExecutorKind::processes, models::StartMethod::forkserver},
        Case{"process_executor_fork", ExecutorKind::process_executor},
        Case{"process_executor_spawn", ExecutorKind::process_executor, models::StartMethod::spawn},
        Case{"process_per_task", ExecutorKind::process_per_task},
        Case{"process_per_task_spawn", ExecutorKind::process_per_task, models::StartMethod::spawn}),
    [](const auto& one) { return one.param.name; });

TEST(NativePythonRuns, submits_locks_payloads_and_chunks_work) {
  models::WorldSpec world =
      on_this_host(mapped({{.what = models::WithStep{.lock = {}, .body = {python(200us)}}}}, 7,
                          ExecutorKind::processes, 2));
  world.locks.push_back(
      {.name = "lock", .kind = models::LockKind::mutex, .scope = models::LockScope::process});
  world.executors[0].chunksize = 3;
  world.executors[0].payload = {.argument = models::Bytes{50'000}, .result = models::Bytes{9'000}};
  world.executors[0].import_cost = 1ms;
  world.executors[0].shutdown = models::ExecutorSpec::Shutdown::terminate;
  world.futures.emplace_back("later");
  std::get<models::MapStep>(world.main[0].what).star = true;
  models::SubmitStep submit;
  submit.items = 2;
  world.main.push_back({.what = submit});
  world.main.push_back(python(100us));
  world.main.push_back({.what = models::JoinStep{}});
  PythonRunner runner = python_runner();
  const NativeRun run = runner.measure(scenario_of(world), 0, {});
  ASSERT_EQ(run.timings.status, models::RunStatus::ok) << run.timings.error;
  EXPECT_EQ(nominal_of(run), 9 * 200'000 + 100'000);
}

TEST(NativePythonRuns, imaps_and_workers_that_end_do_every_item) {
  for (const models::MapOrder order : {models::MapOrder::in_order, models::MapOrder::unordered}) {
    models::WorldSpec world = on_this_host(mapped({python(200us)}, 9, ExecutorKind::processes, 2));
    std::get<models::MapStep>(world.main[0].what).order = order;
    world.executors[0].maxtasksperchild = 2;
    PythonRunner runner = python_runner();
    const NativeRun run = runner.measure(scenario_of(world), 0, {});
    ASSERT_EQ(run.timings.status, models::RunStatus::ok) << run.timings.error;
    EXPECT_EQ(nominal_of(run), 9 * 200'000);
  }
}

TEST(NativePythonRuns, process_executors_take_chunks_payload_and_submits) {
  models::WorldSpec world =
      on_this_host(mapped({python(200us)}, 7, ExecutorKind::process_executor, 2));
  world.executors[0].chunksize = 3;
  world.executors[0].payload = {.argument = models::Bytes{50'000}, .result = models::Bytes{9'000}};
  world.futures.emplace_back("later");
  models::SubmitStep submit;
  submit.items = 2;
  world.main.push_back({.what = submit});
  world.main.push_back({.what = models::JoinStep{}});
  PythonRunner runner = python_runner();
  const NativeRun run = runner.measure(scenario_of(world), 0, {});
  ASSERT_EQ(run.timings.status, models::RunStatus::ok) << run.timings.error;
  EXPECT_EQ(nominal_of(run), 9 * 200'000);
}

TEST(NativePythonRuns, c_code_can_hold_the_gil) {
  models::WorldSpec world = on_this_host(
      mapped({{.what = models::NativeStep{.duration = models::constant(400us), .holds_gil = true}}},
             4, ExecutorKind::threads, 2));
  PythonRunner runner = python_runner();
  const NativeRun run = runner.measure(scenario_of(world), 0, {});
  ASSERT_EQ(run.timings.status, models::RunStatus::ok) << run.timings.error;
  EXPECT_EQ(nominal_of(run), 4 * 400'000);
}

TEST(NativePythonRuns, names_of_a_scenario_never_leave_it) {
  models::WorldSpec world = on_this_host(mapped({python(100us)}, 2, ExecutorKind::threads, 2));
  const std::string hostile = "$(touch hostile-file); `touch hostile-file`\n'\"; import os #";
  world.tasks[0].name = hostile;
  world.executors[0].name = hostile;
  const HostCalibration rough = rough_calibration();
  EXPECT_EQ(harness_plan(world, expand(world, 1), rough).find("touch"), std::string::npos);
  PythonRunner runner = python_runner();
  scenarios::Scenario scenario = scenario_of(world);
  scenario.name = hostile;
  const NativeRun run = runner.measure(scenario, 0, {});
  EXPECT_EQ(run.timings.status, models::RunStatus::ok) << run.timings.error;
  EXPECT_FALSE(std::filesystem::exists("hostile-file"));
}

TEST(NativePythonRuns, a_deadlock_is_ended_and_leaves_nothing) {
  models::WorldSpec world = on_this_host(mapped(
      {{.what = models::WithStep{.lock = {},
                                 .body = {{.what = models::WithStep{.lock = {},
                                                                    .body = {python(1ms)}}}}}}},
      2, ExecutorKind::processes, 2));
  world.locks.push_back(
      {.name = "lock", .kind = models::LockKind::mutex, .scope = models::LockScope::process});
  ChildLimits limits;
  limits.wall = 1500ms;
  PythonRunner runner{calibration(), std::move(ScriptFolder::create()).value(), limits};
  const NativeRun run = runner.measure(scenario_of(world), 0, {});
  EXPECT_EQ(run.timings.status, models::RunStatus::timeout);
  EXPECT_FALSE(run.timings.error.empty());
}

/// Process ids whose parent is `parent`.
std::vector<pid_t> children_of(pid_t parent) {
  std::vector<pid_t> found;
  for (const auto& entry : std::filesystem::directory_iterator{"/proc"}) {
    std::ifstream file{entry.path() / "stat"};
    std::string text;
    std::getline(file, text, '\0');
    const auto after = text.rfind(')');
    if (after != std::string::npos && std::stoi(text.substr(after + 4)) == parent) {
      found.push_back(std::stoi(entry.path().filename().string()));
    }
  }
  return found;
}

TEST(NativePythonRuns, a_killed_timeslice_leaves_no_python_behind) {
  const std::filesystem::path folder = std::filesystem::path{testing::TempDir()} /
                                       ("timeslice-killed-" + std::to_string(::getpid()));
  std::filesystem::create_directory(folder);
  const pid_t parent = ::fork();
  if (parent == 0) {
    ::setenv("TMPDIR", folder.c_str(), 1);  // what it cannot remove itself any more
    PythonRunner runner = python_runner();
    const auto world = on_this_host(mapped({sleep(30s)}, 2, ExecutorKind::processes, 2));
    static_cast<void>(runner.measure(scenario_of(world), 0, {}));
    ::_exit(0);
  }
  std::int32_t group = 0;
  for (int i = 0; i < 500 && (group == 0 || live_members(group) < 3); ++i) {
    std::this_thread::sleep_for(20ms);
    const std::vector<pid_t> children = children_of(parent);
    group = children.empty() ? 0 : children.front();
  }
  ASSERT_NE(group, 0);
  EXPECT_GE(live_members(group), 3U) << "the harness and its two workers";
  ::kill(parent, SIGKILL);
  ::waitpid(parent, nullptr, 0);
  for (int i = 0; i < 250 && live_members(group) > 0; ++i) {
    std::this_thread::sleep_for(20ms);
  }
  EXPECT_EQ(live_members(group), 0U);
  std::filesystem::remove_all(folder);
}

class NativeCpp : public testing::TestWithParam<ExecutorKind> {};

TEST_P(NativeCpp, does_all_its_work_in_fine_parts) {
  models::WorldSpec world = on_this_host(
      mapped({native(5ms), sleep(100us), {.what = models::WithStep{.body = {native(100us)}}}}, 5,
             GetParam(), 3));
  world.runtime.language = models::Language::none;
  world.locks.push_back({.name = "lock"});
  CppThreadsRunner runner{calibration(), ChildLimits{}};
  const NativeRun run = runner.measure(scenario_of(world), 0, {});
  ASSERT_EQ(run.timings.status, models::RunStatus::ok) << run.timings.error;
  EXPECT_EQ(nominal_of(run), 5 * 5'100'000);
  EXPECT_EQ(run.samples.size(), 5U * (3 + 1)) << "5 ms are parts of 2, 2 and 1 ms";
  EXPECT_EQ(metric(run.timings, "tasks_done"), 5.0);
  EXPECT_GT(run.timings.makespan, 1ms);
}

INSTANTIATE_TEST_SUITE_P(Executors, NativeCpp,
                         testing::Values(ExecutorKind::serial, ExecutorKind::cpp_threads,
                                         ExecutorKind::cpp_async));

TEST(NativeCppRuns, a_deadlock_is_ended) {
  models::WorldSpec world = on_this_host(mapped(
      {{.what = models::WithStep{.lock = {},
                                 .body = {{.what = models::WithStep{.lock = {},
                                                                    .body = {native(1ms)}}}}}}},
      2, ExecutorKind::cpp_threads, 2));
  world.locks.push_back({.name = "lock"});
  ChildLimits limits;
  limits.wall = 300ms;
  CppThreadsRunner runner{calibration(), limits};
  EXPECT_EQ(runner.measure(scenario_of(world), 0, {}).timings.status, models::RunStatus::timeout);
}

TEST(NativeCalibration, measures_plausible_kernels_in_a_short_time) {
  CalibrationOptions options;
  options.kernel_time = 300ms;
  options.cpp = true;
  const auto made = calibrate_host(options);
  ASSERT_TRUE(made) << made.error().what;
  const HostCalibration& host = made.value();
  EXPECT_GT(host.python_kernel.per_iteration_ns, 1.0);
  EXPECT_LT(host.python_kernel.per_iteration_ns, 5000.0);
  EXPECT_GT(host.native_kernel.per_iteration_ns, 10.0);
  EXPECT_GT(host.held_kernel.per_iteration_ns, 0.5);
  EXPECT_GT(host.cpp_kernel.per_iteration_ns, 0.1);
  EXPECT_GT(host.harness_python, 100ns);
  EXPECT_LT(host.harness_python, 200us);
  EXPECT_GT(host.quick.fork, 10us);
  EXPECT_GT(host.quick.resident_bytes, 1 << 20);
  EXPECT_FALSE(host.traces.empty());
  EXPECT_FALSE(host.notes.empty());
}

TEST(NativeCalibration, a_python_that_is_none_is_an_error) {
  CalibrationOptions options;
  options.python = "/bin/false";
  const auto made = calibrate_host(options);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().where, "/bin/false");
}

}  // namespace
}  // namespace timeslice::validation
