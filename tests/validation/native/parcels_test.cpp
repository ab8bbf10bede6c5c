// Payload of native runs: many objects, and blocks of shared memory that nobody leaves behind.
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/validation/small_world.hpp"
#include "validation/native/program.hpp"
#include "validation/native/python_runner.hpp"
#include "validation/native/shared_blocks.hpp"

namespace timeslice::validation {
namespace {

using namespace std::chrono_literals;
using models::ExecutorKind;

std::uint64_t blocks_of(const std::string& prefix) {
  std::uint64_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator{"/dev/shm"}) {
    count += entry.path().filename().string().starts_with(prefix) ? 1U : 0U;
  }
  return count;
}

models::WorldSpec shared(Steps task, ExecutorKind kind, models::StartMethod start) {
  models::WorldSpec world = mapped(std::move(task), 5, kind, 2);
  world.machine.cpus.resize(std::min<std::size_t>(2, allowed_cpus().size()));
  world.executors[0].start = start;
  world.executors[0].chunksize = 2;
  world.executors[0].payload = {.argument = models::Bytes{300'000},
                                .result = models::Bytes{50'000},
                                .codec = models::Codec::shared_memory};
  return world;
}

/// The harness over a plan, without the guard that would tidy up behind it.
ChildOutcome unguarded(const models::WorldSpec& world, const ScriptFolder& folder) {
  const HostCalibration rough = rough_calibration();
  EXPECT_TRUE(folder.write("plan.json", harness_plan(world, expand(world, 1), rough)));
  return std::move(run_program({"/usr/bin/python3", "-I", "-B", folder.file("harness.py"), "run",
                                folder.file("plan.json"), std::to_string(::getpid())},
                               ChildLimits{}))
      .value();
}

class NativeBlocks : public testing::TestWithParam<std::tuple<ExecutorKind, models::StartMethod>> {
};

TEST_P(NativeBlocks, are_freed_by_the_program_that_made_them) {
  const auto [kind, start] = GetParam();
  const auto folder = ScriptFolder::create();
  ASSERT_TRUE(folder);
  for (const std::int64_t result : {50'000, 0}) {
    models::WorldSpec world = shared({python(200us)}, kind, start);
    world.executors[0].payload.result = models::Bytes{result};
    const ChildOutcome outcome = unguarded(world, folder.value());
    EXPECT_TRUE(outcome.succeeded()) << outcome.err;
    EXPECT_EQ(outcome.err, "") << "nobody complains about leaks either";
    EXPECT_EQ(blocks_of(own_block_prefix()), 0U);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Pools, NativeBlocks,
    testing::Combine(testing::Values(ExecutorKind::processes, ExecutorKind::process_executor),
                     testing::Values(models::StartMethod::fork, models::StartMethod::spawn)));

TEST(NativeParcels, a_run_that_is_killed_leaves_no_block) {
  ChildLimits limits;
  limits.wall = 3s;
  std::uint64_t seen = 0;
  limits.give_up = [&] {
    seen = std::max(seen, blocks_of(own_block_prefix()));
    return seen > 0;
  };
  PythonRunner runner{std::make_shared<HostCalibration>(rough_calibration()),
                      std::move(ScriptFolder::create()).value(), limits};
  const auto world = shared({sleep(30s)}, ExecutorKind::processes, models::StartMethod::fork);
  const NativeRun run = runner.measure(scenario_of(world), 0, {});
  EXPECT_NE(run.timings.status, models::RunStatus::ok);
  EXPECT_GT(seen, 0U) << "there were blocks to be left";
  EXPECT_EQ(blocks_of(own_block_prefix()), 0U);
}

TEST(NativeParcels, blocks_of_dead_makers_go_and_those_of_living_ones_stay) {
  const pid_t gone = ::fork();
  if (gone == 0) {
    ::_exit(0);
  }
  ::waitpid(gone, nullptr, 0);
  const std::string dead = "/dev/shm/timeslice-block-" + std::to_string(gone) + "-1-1";
  const std::string alive = "/dev/shm/timeslice-block-" + std::to_string(::getppid()) + "-test";
  const std::string other = "/dev/shm/timeslice-block-of-somebody-" + std::to_string(gone);
  for (const std::string& path : {dead, alive, other}) {
    std::ofstream{path} << "x";
  }
  remove_blocks(::getpid());
  EXPECT_FALSE(std::filesystem::exists(dead));
  EXPECT_TRUE(std::filesystem::remove(alive));
  EXPECT_TRUE(std::filesystem::remove(other));
}

TEST(NativeParcels, many_objects_travel_as_many) {
  models::WorldSpec world = shared({python(200us)}, ExecutorKind::processes, {});
  world.executors[0].payload = {
      .argument = models::Bytes{20'000}, .result = models::Bytes{10'000}, .objects = 1000};
  const auto folder = ScriptFolder::create();
  ASSERT_TRUE(folder);
  const ChildOutcome outcome = unguarded(world, folder.value());
  EXPECT_TRUE(outcome.succeeded()) << outcome.err;
}

}  // namespace
}  // namespace timeslice::validation
