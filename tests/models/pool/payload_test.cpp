// What payload costs on its way, as models/pool/messages.hpp and message_costs.hpp say.
#include <gtest/gtest.h>

#include "models/python/message_costs.hpp"
#include "tests/models/world_fixture.hpp"

namespace timeslice::models {
namespace {

using namespace std::chrono_literals;

TEST(PayloadCosts, lie_on_straight_lines_between_the_points) {
  const PayloadCosts costs;
  EXPECT_EQ(cpu_of(costs, costs.argument_dumps, Bytes{0}), 0ns);
  EXPECT_EQ(cpu_of(costs, costs.argument_dumps, Bytes{15'000}), 1us);
  EXPECT_EQ(cpu_of(costs, costs.argument_dumps, Bytes{100'000}), 7us);
  EXPECT_EQ(cpu_of(costs, costs.argument_dumps, Bytes{200'000}), 13'500ns);
  EXPECT_EQ(cpu_of(costs, costs.argument_dumps, Bytes{1'000'000}), 67us);
  EXPECT_NEAR(static_cast<double>(cpu_of(costs, costs.argument_dumps, Bytes{10'000'000}).count()),
              67e3 + 9e6 / 0.7e6 * 47e3, 10.0)
      << "on the last line beyond the last point";
}

/// The rows of the echo experiment that the table was made of, at its 1.36 us a fault.
TEST(PayloadCosts, have_their_faults_where_they_were_counted) {
  const PayloadCosts costs;
  const auto faults = [&](const CopyStep& step, std::int64_t size) {
    return fresh_pages(costs, step, Bytes{size});
  };
  EXPECT_NEAR(faults(costs.result_read, 100'000), 23.0, 1.0);
  EXPECT_NEAR(faults(costs.result_read, 300'000), 0.0, 0.1);
  EXPECT_NEAR(faults(costs.result_loads, 300'000), 72.0, 1.0);
  EXPECT_NEAR(faults(costs.result_loads, 1'000'000), 243.0, 3.0);
  EXPECT_NEAR(faults(costs.argument_read, 1'000'000), 389.0, 3.0);
  EXPECT_NEAR(faults(costs.argument_read, 10'000'000), 3890.0, 30.0) << "never more than all";
  EXPECT_NEAR(faults(costs.result_build, 1'000), 0.25, 0.01);
}

WorldSpec loaded(PayloadSpec payload, ExecutorKind kind = ExecutorKind::processes) {
  WorldSpec world = linux_world(2);
  world.runtime.version = {.major = 3, .minor = 14};
  add_task(world, "item", {python(1ms)});
  ExecutorSpec& executor = add_executor(world, kind, 2);
  executor.start = StartMethod::fork;
  executor.chunksize = 1;
  executor.payload = payload;
  world.main = numbered({map_items(20)});
  return world;
}

double cpu_ms(const WorldSpec& world) {
  return metric(run_world(world), "cpu_time") / 1e6;
}

class EveryPayload : public testing::TestWithParam<ExecutorKind> {};

TEST_P(EveryPayload, costs_cpu_time_that_grows_with_bytes_and_with_objects) {
  const double bare = cpu_ms(loaded({}, GetParam()));
  const double bytes = cpu_ms(loaded({.argument = Bytes{1'000'000}, .result = {}}, GetParam()));
  const double objects =
      cpu_ms(loaded({.argument = Bytes{1'000'000}, .result = {}, .objects = 100'000}, GetParam()));
  EXPECT_GT(bytes, bare + 20 * 0.3);
  EXPECT_NEAR(objects - bytes, 20 * (0.9 + 2.9), 20 * 0.6) << "9 + 29 ns an object";
}

TEST_P(EveryPayload, of_shared_memory_costs_less_than_a_pickle_of_the_same_size) {
  const double pickled =
      cpu_ms(loaded({.argument = Bytes{8'000'000}, .result = Bytes{8'000'000}}, GetParam()));
  const double shared = cpu_ms(loaded(
      {.argument = Bytes{8'000'000}, .result = Bytes{8'000'000}, .codec = Codec::shared_memory},
      GetParam()));
  if (GetParam() == ExecutorKind::interpreters) {
    EXPECT_GT(pickled, 0.0);  // no pipe: pickling copies no more than filling a block does
  } else {
    EXPECT_LT(shared, 0.8 * pickled);
  }
}

INSTANTIATE_TEST_SUITE_P(All, EveryPayload,
                         testing::Values(ExecutorKind::processes, ExecutorKind::process_executor,
                                         ExecutorKind::interpreters));

TEST(SharedMemory, lets_only_names_through_the_pipe) {
  const Timings timings = run_world(
      loaded({.argument = Bytes{1'000'000}, .result = Bytes{}, .codec = Codec::shared_memory}));
  EXPECT_LT(metric(timings, "ipc_bytes", "pool0"), 20 * 1000.0);
}

/// Why a large argument can make a pool slower than a loop.
TEST(Payload, can_make_a_pool_slower_than_a_loop) {
  WorldSpec pool = loaded({.argument = Bytes{6'000'000}, .result = {}});
  WorldSpec loop = pool;
  loop.executors[0] = ExecutorSpec{};
  EXPECT_GT(run_world(pool).makespan, run_world(loop).makespan);
}

}  // namespace
}  // namespace timeslice::models
