#include "models/work/nominal_work.hpp"

#include <gtest/gtest.h>

#include "models/work/step.hpp"

namespace timeslice::models {
namespace {

using namespace std::chrono_literals;

Step native(sim::Duration duration) {
  return {.what = NativeStep{.duration = constant(duration)}};
}

WorldSpec split(std::uint64_t items, sim::Duration each) {
  WorldSpec world;
  world.tasks.push_back({.name = "job", .steps = {native(each)}});
  world.main = {Step{.what = MapStep{.task = TaskIndex{0}, .items = items}}};
  return world;
}

TEST(NominalWork, counts_items_repeats_branches_and_waits) {
  WorldSpec world = split(10, 2ms);
  world.main.push_back({.what = RepeatStep{.times = 3, .body = {native(1ms)}}});
  world.main.push_back(
      {.what = ChooseStep{.choices = {{.probability = 0.25, .body = {native(4ms)}}}}});
  world.main.push_back({.what = SleepStep{.duration = constant(7ms)}});
  const NominalWork work = nominal_work(world);
  EXPECT_DOUBLE_EQ(work.cpu_ns, 24e6);
  EXPECT_DOUBLE_EQ(work.wait_ns, 7e6);
}

TEST(NominalWork, is_the_same_however_a_whole_is_cut_into_pieces) {
  const NominalWork whole = nominal_work(split(1, 10ms));
  EXPECT_TRUE(same_work(whole, nominal_work(split(3, 3'333'333ns))));
  EXPECT_FALSE(same_work(whole, nominal_work(split(2, 10ms))));
  EXPECT_TRUE(same_work({}, {}));
}

}  // namespace
}  // namespace timeslice::models
