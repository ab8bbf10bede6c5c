// Queues, semaphores, events and barriers on their way to a native run.
#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/validation/small_world.hpp"
#include "validation/native/cpp_meeting.hpp"
#include "validation/native/cpp_threads_runner.hpp"
#include "validation/native/program.hpp"
#include "validation/native/support.hpp"

namespace timeslice::validation {
namespace {

using namespace std::chrono_literals;
using models::ExecutorKind;
using What = models::SyncStep::What;

models::WorldSpec meeting(What what, models::LockKind kind, ExecutorKind executor) {
  models::WorldSpec world =
      mapped({{.what = models::SyncStep{.what = what, .lock = {}}}}, 2, executor, 2);
  world.locks = {{.name = "jobs", .kind = kind}};
  return world;
}

std::string refusal(const models::WorldSpec& world) {
  const auto obstacle = native_obstacle(world, NativeBounds{.cpus = 2});
  return obstacle ? obstacle->what : "";
}

TEST(NativeMeetings, become_the_operation_of_the_same_name) {
  const auto operation = [](What what, models::LockKind kind) {
    return expand(meeting(what, kind, ExecutorKind::threads), 1).programs.at(0).at(0).op;
  };
  EXPECT_EQ(operation(What::put, models::LockKind::queue), Op::put);
  EXPECT_EQ(operation(What::get, models::LockKind::queue), Op::get);
  EXPECT_EQ(operation(What::set, models::LockKind::event), Op::set);
  EXPECT_EQ(operation(What::wait, models::LockKind::event), Op::wait);
  EXPECT_EQ(operation(What::barrier, models::LockKind::barrier), Op::barrier);
}

TEST(NativeMeetings, run_in_both_languages_but_for_readers_and_writers_in_python) {
  using models::LockKind;
  EXPECT_EQ(refusal(meeting(What::put, LockKind::queue, ExecutorKind::threads)), "");
  EXPECT_EQ(refusal(meeting(What::put, LockKind::queue, ExecutorKind::cpp_threads)), "");
  EXPECT_EQ(refusal(meeting(What::put, LockKind::rwlock, ExecutorKind::cpp_threads)), "");
  EXPECT_EQ(refusal(meeting(What::put, LockKind::rwlock, ExecutorKind::threads)),
            "'jobs' is a readers-writer lock, which Python has not");
}

Step sync(What what, std::uint32_t lock) {
  return {.what = models::SyncStep{.what = what, .lock = models::LockIndex{lock}}};
}

Step with(std::uint32_t lock, Steps body, bool reads = false) {
  return {.what = models::WithStep{
              .lock = models::LockIndex{lock}, .body = std::move(body), .reads = reads}};
}

/// Each item puts and gets, meets three others, and reads and writes; one event lets all begin.
models::WorldSpec busy_meetings() {
  using models::LockKind;
  models::WorldSpec world =
      mapped({sync(What::wait, 0), sync(What::put, 1), sync(What::barrier, 2), sync(What::get, 1),
              with(3, {native(50us)}), with(4, {native(20us)}, true), with(4, {native(20us)})},
             16, ExecutorKind::cpp_threads, 4);
  world.machine.cpus.resize(std::min<std::size_t>(2, allowed_cpus().size()));
  world.locks = {{.name = "go", .kind = LockKind::event},
                 {.name = "jobs", .kind = LockKind::queue, .capacity = 4},
                 {.name = "all", .kind = LockKind::barrier, .parties = 4},
                 {.name = "two", .kind = LockKind::semaphore, .value = 2},
                 {.name = "book", .kind = LockKind::rwlock}};
  world.main.insert(world.main.begin(), sync(What::set, 0));
  return world;
}

TEST(NativeMeetings, of_cpp_threads_let_everybody_through) {
  const models::WorldSpec world = busy_meetings();
  EXPECT_EQ(refusal(world), "");
  CppThreadsRunner runner{std::make_shared<HostCalibration>(rough_calibration()), ChildLimits{}};
  const NativeRun run = runner.measure(scenario_of(world), 0, {});
  ASSERT_EQ(run.timings.status, models::RunStatus::ok) << run.timings.error;
  std::int64_t nominal = 0;
  for (const KernelSample& sample : run.samples) {
    nominal += sample.nominal_ns;
  }
  EXPECT_EQ(nominal, 16 * 90'000);
}

TEST(NativeMeetings, nobody_writes_beside_others_and_readers_read_together) {
  const models::LockSpec spec{.name = "book", .kind = models::LockKind::rwlock};
  CppMeeting book{spec};
  std::atomic<int> readers = 0;
  std::atomic<bool> together = false;
  std::atomic<bool> clash = false;
  int written = 0;
  const auto work = [&] {
    for (int i = 0; i < 2000; ++i) {
      book.lock_to_read();
      together = together || ++readers > 1;
      std::this_thread::yield();
      --readers;
      book.unlock_from_reading();
      book.lock();
      clash = clash || readers > 0;
      ++written;
      book.unlock();
    }
  };
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 3; ++i) {
      threads.emplace_back(work);
    }
  }
  EXPECT_EQ(written, 6000);
  EXPECT_FALSE(clash);
  EXPECT_TRUE(together);
}

TEST(NativeMeetings, a_bounded_queue_holds_no_more_than_it_may) {
  const models::LockSpec spec{.name = "jobs", .kind = models::LockKind::queue, .capacity = 2};
  CppMeeting jobs{spec};
  std::atomic<int> inside = 0;
  std::atomic<int> most = 0;
  std::jthread producer{[&] {
    for (int i = 0; i < 500; ++i) {
      jobs.put();
      const int now = ++inside;
      most = std::max(most.load(), now);
    }
  }};
  for (int i = 0; i < 500; ++i) {
    --inside;  // before the place is free: never too few are counted
    jobs.get();
    if (i == 250) {
      std::this_thread::sleep_for(5ms);
    }
  }
  producer.join();
  EXPECT_LE(most, 2);
}

}  // namespace
}  // namespace timeslice::validation
