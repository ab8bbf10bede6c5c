// CPU work that reads its thread's CPU clock, as validation's harness does.
#include <gtest/gtest.h>

#include "tests/models/world_fixture.hpp"

namespace timeslice::models {
namespace {

using namespace std::chrono_literals;

/// Involuntary switches of two threads that compute 200 ms each on one CPU; `part`: how often they
/// read the clock.
double switches(Step work, sim::Duration part, bool python_too) {
  WorldSpec world = linux_world(1);
  world.runtime.language = python_too ? Language::python : Language::none;
  if (auto* native = std::get_if<NativeStep>(&work.what)) {
    native->timed_part = part;
  } else {
    std::get<PythonStep>(work.what).timed_part = part;
  }
  add_task(world, "work", {std::move(work)});
  add_executor(world, python_too ? ExecutorKind::processes : ExecutorKind::cpp_threads, 2);
  world.main = numbered({map_items(2)});
  return metric(run_world(world), "switches_involuntary", "");
}

TEST(TimedPart, ends_slices_where_the_clock_is_read_and_not_at_ticks_only) {
  for (const bool python_too : {false, true}) {
    const Step work = python_too ? python(200ms) : native(200ms);
    const double never = switches(work, 0ms, python_too);
    EXPECT_GT(switches(work, 500us, python_too), 1.15 * never) << python_too;
    EXPECT_NEAR(switches(work, 1h, python_too), never, 3.0) << "around the whole of it";
  }
}

TEST(TimedPart, takes_as_long_as_the_whole) {
  WorldSpec world = ideal_world(1);
  Step work = native(10ms);
  std::get<NativeStep>(work.what).timed_part = 3ms;
  add_task(world, "work", {std::move(work)});
  add_executor(world, ExecutorKind::serial, 1);
  world.main = numbered({map_items(2)});
  EXPECT_EQ(run_world(world).makespan, 20ms);
}

}  // namespace
}  // namespace timeslice::models
