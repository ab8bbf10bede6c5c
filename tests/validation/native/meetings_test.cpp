// Queues, semaphores, events and barriers on their way to a native run.
#include <string>

#include <gtest/gtest.h>

#include "tests/validation/small_world.hpp"
#include "validation/native/program.hpp"
#include "validation/native/support.hpp"

namespace timeslice::validation {
namespace {

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

TEST(NativeMeetings, run_in_python_only_and_readers_and_writers_nowhere) {
  using models::LockKind;
  EXPECT_EQ(refusal(meeting(What::put, LockKind::queue, ExecutorKind::threads)), "");
  EXPECT_EQ(refusal(meeting(What::put, LockKind::queue, ExecutorKind::cpp_threads)),
            "'jobs' does not run natively yet");
  EXPECT_EQ(refusal(meeting(What::put, LockKind::rwlock, ExecutorKind::threads)),
            "'jobs' does not run natively yet");
}

}  // namespace
}  // namespace timeslice::validation
