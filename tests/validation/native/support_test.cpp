#include "validation/native/support.hpp"

#include <gtest/gtest.h>

#include "tests/validation/small_world.hpp"

namespace timeslice::validation {
namespace {

using namespace std::chrono_literals;
using models::ExecutorKind;

const NativeBounds bounds{.cpus = 2};

std::string refusal(const models::WorldSpec& world) {
  const auto obstacle = native_obstacle(world, bounds);
  return obstacle ? obstacle->what : "";
}

TEST(NativeSupport, plain_scenarios_run) {
  EXPECT_EQ(refusal(mapped({python(1ms)}, 10, ExecutorKind::threads, 4)), "");
  EXPECT_EQ(refusal(mapped({python(1ms)}, 10, ExecutorKind::processes, 4)), "");
  EXPECT_EQ(refusal(mapped({native(1ms)}, 10, ExecutorKind::cpp_async, 4)), "");
}

TEST(NativeSupport, a_python_without_a_gil_runs_scenarios_without_one) {
  models::WorldSpec world = mapped({python(1ms)}, 10, ExecutorKind::threads, 4);
  const auto runs_on = [&](std::optional<bool> free_threaded) {
    return !native_obstacle(world, {.cpus = 2, .free_threaded = free_threaded});
  };
  EXPECT_TRUE(runs_on(false));
  EXPECT_FALSE(runs_on(true));
  world.runtime.gil.enabled = false;
  EXPECT_FALSE(runs_on(false));
  EXPECT_TRUE(runs_on(true));
  EXPECT_TRUE(runs_on(std::nullopt)) << "a replay runs on none";
}

TEST(NativeSupport, what_does_not_run_is_named) {
  models::WorldSpec world = mapped({python(1ms)}, 10, ExecutorKind::threads, 4);
  world.main.push_back({.what = models::PeriodicStep{}});
  EXPECT_NE(refusal(world).find("periodic"), std::string::npos);
  world.main.pop_back();
  world.background.push_back({});
  EXPECT_NE(refusal(world).find("background"), std::string::npos);

  world = mapped({python(1ms)}, 10, ExecutorKind::threads, 4);
  world.runtime.gil.enabled = false;
  EXPECT_NE(refusal(world).find("free-threaded"), std::string::npos);

  world = mapped({python(1ms)}, 10, ExecutorKind::threads, 4);
  world.executors[0].pin = {models::CpuId{0}};
  EXPECT_NE(refusal(world).find("'pool' pins"), std::string::npos);

  world = mapped({python(1ms)}, 10, ExecutorKind::threads, 4);
  world.tasks[0].steps.push_back({.what = models::MapStep{}});
  EXPECT_NE(refusal(world).find("'task' hands items over"), std::string::npos);

  world = mapped({python(1ms)}, 10, ExecutorKind::threads, 4);
  world.tasks[0].steps.push_back(
      {.what = models::RepeatStep{.times = 2, .body = {{.what = models::NiceStep{5}}}}});
  EXPECT_NE(refusal(world).find("`nice` steps"), std::string::npos);

  models::TimeoutStep timeout{.after = models::constant(1ms), .body = {}};
  world = mapped({{.what = timeout}}, 10, ExecutorKind::asyncio, 0);
  EXPECT_EQ(refusal(world), "");
  world.runtime.version = {.major = 3, .minor = 10};
  EXPECT_NE(refusal(world).find("needs Python 3.11"), std::string::npos);
  world.runtime.version = {.major = 3, .minor = 11};
  world.locks = {{.name = "lock"}};
  timeout.body = {{.what = models::WithStep{models::LockIndex{0}, {python(1ms)}}}};
  world.tasks[0].steps = {{.what = models::RepeatStep{.times = 2, .body = {{.what = timeout}}}}};
  EXPECT_NE(refusal(world).find("a `timeout` around `with`"), std::string::npos);

  world = mapped({python(1ms)}, 10, ExecutorKind::cpp_threads, 4);
  world.runtime.language = models::Language::python;
  EXPECT_NE(refusal(world).find("C++ executor"), std::string::npos);
}

TEST(NativeSupport, of_pools_what_would_hang_or_is_not_there_yet_is_named) {
  EXPECT_EQ(refusal(mapped({python(1ms)}, 10, ExecutorKind::process_executor, 4)), "");
  EXPECT_NE(refusal(mapped({python(1ms)}, 10, ExecutorKind::interpreters, 2)).find("3.14"),
            std::string::npos);

  models::WorldSpec world = mapped({python(1ms)}, 10, ExecutorKind::processes, 2);
  world.main.push_back({.what = models::KillStep{}});
  EXPECT_NE(refusal(world).find("kill"), std::string::npos);

  world = mapped({python(1ms)}, 10, ExecutorKind::processes, 2);
  world.executors[0].payload = {.argument = models::Bytes{1000}, .objects = 2};
  EXPECT_EQ(refusal(world), "");
  world.executors[0].payload.codec = models::Codec::shared_memory;
  EXPECT_NE(refusal(world).find("many objects"), std::string::npos);
  world.executors[0].payload.objects = 1;
  EXPECT_EQ(refusal(world), "");
  world.executors[0].payload.argument = models::Bytes{20 << 20};
  EXPECT_NE(refusal(world).find("200 MiB in blocks"), std::string::npos);
  world.executors[0].kind = ExecutorKind::process_per_task;
  EXPECT_NE(refusal(world).find("only pools"), std::string::npos);

  world = mapped({python(1ms)}, 10, ExecutorKind::process_executor, 2);
  world.executors[0].maxtasksperchild = 1;
  EXPECT_EQ(refusal(world), "");
  world.executors[0].maxtasksperchild = 2;
  EXPECT_NE(refusal(world).find("gh-115634"), std::string::npos);
}

TEST(NativeSupport, a_machine_larger_than_this_one_is_refused) {
  models::WorldSpec world = mapped({python(1ms)}, 10, ExecutorKind::threads, 4);
  world.machine.cpus.resize(64);
  EXPECT_NE(refusal(world).find("64 CPUs"), std::string::npos);
}

TEST(NativeSupport, processes_threads_and_items_are_bounded) {
  EXPECT_NE(refusal(mapped({python(1ms)}, 10, ExecutorKind::processes, 17)), "");
  EXPECT_EQ(refusal(mapped({python(1ms)}, 10, ExecutorKind::processes, 16)), "");
  EXPECT_NE(refusal(mapped({python(1ms)}, 17, ExecutorKind::process_per_task, 1)), "");
  EXPECT_NE(refusal(mapped({python(1ms)}, 10, ExecutorKind::threads, 257)), "");
  EXPECT_NE(refusal(mapped({python(1ms)}, 257, ExecutorKind::thread_per_task, 1)), "");
  EXPECT_NE(refusal(mapped({python(1ms)}, 100'001, ExecutorKind::threads, 2)), "");
}

TEST(NativeSupport, submits_in_a_loop_count_together) {
  models::WorldSpec world = mapped({python(1ms)}, 10, ExecutorKind::process_per_task, 1);
  models::SubmitStep submit;
  submit.items = 4;
  world.main = {{.what = models::RepeatStep{.times = 5, .body = {{.what = submit}}}}};
  EXPECT_NE(refusal(world), "") << "20 processes may live at a time";
}

TEST(NativeSupport, a_lock_of_threads_does_not_reach_other_processes) {
  models::WorldSpec world = mapped({{.what = models::WithStep{.lock = {}, .body = {python(1ms)}}}},
                                   4, ExecutorKind::processes, 2);
  world.locks.push_back(
      {.name = "shared", .kind = models::LockKind::mutex, .scope = models::LockScope::thread});
  EXPECT_NE(refusal(world).find("'shared'"), std::string::npos);
  world.locks[0].scope = models::LockScope::process;
  EXPECT_EQ(refusal(world), "");
}

TEST(NativeSupport, workers_and_start_methods_follow_python) {
  models::WorldSpec world = mapped({python(1ms)}, 4, ExecutorKind::threads, 2);
  world.executors[0].workers.kind = models::WorkerCount::Kind::runtime_default;
  EXPECT_EQ(worker_count(world, world.executors[0]), 6U);
  world.executors[0].kind = ExecutorKind::processes;
  EXPECT_EQ(worker_count(world, world.executors[0]), 2U);
  EXPECT_EQ(start_method(world.runtime, world.executors[0]), "fork");
  world.runtime.version = {.major = 3, .minor = 14};
  EXPECT_EQ(start_method(world.runtime, world.executors[0]), "forkserver");
}

}  // namespace
}  // namespace timeslice::validation
