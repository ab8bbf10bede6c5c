// Pools of processes and interpreters, their payload, faults and costs, as scenarios write them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/scenarios/format/loading.hpp"

namespace timeslice::scenarios {
namespace {

using namespace std::chrono_literals;
using models::ExecutorKind;
using testing::HasSubstr;

TEST(LoadPools, kinds_payload_and_tasks_per_child) {
  const Scenario read = scenario(
      "timeslice: 1\nmachine: ideal-4\nruntime: {python: \"3.14\"}\n"
      "executors:\n"
      "  a: {kind: process-executor, workers: 2, start: spawn, maxtasksperchild: 5}\n"
      "  b: {kind: interpreters, payload: {argument: 6MiB, result: 64KiB, objects: 1000}}\n"
      "  c: {kind: processes, payload: {argument: 1MB, codec: shared-memory}}\n"
      "main: []\n");
  EXPECT_EQ(read.world.executors[0].kind, ExecutorKind::process_executor);
  EXPECT_EQ(read.world.executors[0].maxtasksperchild, 5U);
  EXPECT_EQ(read.world.executors[1].kind, ExecutorKind::interpreters);
  EXPECT_EQ(read.world.executors[1].payload.objects, 1000U);
  EXPECT_EQ(read.world.executors[1].payload.codec, models::Codec::pickle);
  EXPECT_EQ(read.world.executors[2].payload.codec, models::Codec::shared_memory);
  EXPECT_EQ(read.world.executors[2].payload.objects, 1U);
}

TEST(LoadPools, lazy_maps_and_kills) {
  const Scenario read = scenario(
      "timeslice: 1\nmachine: ideal-4\ntasks: {t: [{python: 1ms}]}\n"
      "executors: {p: {kind: processes, workers: 3}}\n"
      "main:\n"
      "  - kill: {executor: p, worker: 2, at: 150ms}\n"
      "  - imap: {task: t, items: 5, executor: p}\n"
      "  - imap_unordered: {task: t, items: 6, executor: p, chunksize: 3}\n");
  const auto& kill = std::get<models::KillStep>(read.world.main[0].what);
  EXPECT_EQ(kill.worker, 2U);
  EXPECT_EQ(kill.at, 150ms);
  const auto& ordered = std::get<models::MapStep>(read.world.main[1].what);
  EXPECT_EQ(ordered.order, models::MapOrder::in_order);
  EXPECT_FALSE(ordered.chunksize.has_value());
  const auto& free = std::get<models::MapStep>(read.world.main[2].what);
  EXPECT_EQ(free.order, models::MapOrder::unordered);
  EXPECT_EQ(free.items, 6U);
  EXPECT_EQ(free.chunksize, 3U);
}

TEST(LoadPools, what_python_refuses_is_refused_with_place_and_advice) {
  const auto with = [](const std::string& executor, const std::string& main) {
    return errors(
        "timeslice: 1\nmachine: ideal-4\ntasks: {t: [{python: 1ms}]}\n"
        "executors:\n  p: {" +
        executor + "}\nmain: [" + main + "]\n");
  };
  EXPECT_THAT(with("kind: process-executor, start: fork, maxtasksperchild: 2", ""),
              HasSubstr("t.yaml:5:62: error[E-key]: ProcessPoolExecutor refuses"));
  EXPECT_THAT(with("kind: interpreters", ""),
              HasSubstr("InterpreterPoolExecutor came with CPython 3.14"));
  EXPECT_THAT(with("kind: threads", "{imap: {task: t, items: 3, executor: p}}"),
              HasSubstr("only multiprocessing.Pool has"));
  EXPECT_THAT(with("kind: threads", "{kill: {executor: p, at: 1s}}"),
              HasSubstr("has no worker processes that last"));
  EXPECT_THAT(with("kind: processes, workers: 2", "{kill: {executor: p, worker: 2, at: 1s}}"),
              HasSubstr("has no worker 2"));
  EXPECT_THAT(with("kind: processes", "{repeat: 2, do: [{kill: {executor: p, at: 1s}}]}"),
              HasSubstr("a kill is planned by main itself"));
  EXPECT_THAT(with("kind: processes, payload: {codec: pickle9}", ""), HasSubstr("pickle5"));
}

TEST(LoadPools, costs_of_messages_come_from_the_runtime_and_the_machine) {
  const auto costs = [](const std::string& text) {
    return scenario("timeslice: 1\nmachine: vm-2c\nruntime: {python: \"3.11\", costs: {" + text +
                    "}}\nmain: []\n")
        .world.runtime.costs;
  };
  EXPECT_EQ(costs("executor: {submit: 9us}").executor.submit, 9us);
  EXPECT_EQ(costs("").executor.feed, 3550ns) << "the machine's";
  const models::PayloadCosts payload =
      costs("payload: {sizes: [1kB, 2kB, 3kB, 4kB], result_loads: [1us 0, 2us 0.5, 3us 1, 4us 2]}")
          .payload;
  EXPECT_EQ(cpu_of(payload, payload.result_loads, models::Bytes{2500}), 2500ns);
  EXPECT_EQ(payload.result_loads.fresh[3], 2.0);
  const models::PayloadCosts line = costs("pickle_per_kib: 1us").payload;
  EXPECT_NEAR(
      static_cast<double>(cpu_of(line, line.argument_loads, models::Bytes{1024 * 1000}).count()),
      1e6, 1e3);
}

TEST(LoadPools, a_table_of_costs_that_is_none_is_refused) {
  const auto refused = [](const std::string& payload) {
    return errors("timeslice: 1\nmachine: vm-2c\nruntime: {costs: {payload: {" + payload +
                  "}}}\nmain: []\n");
  };
  EXPECT_THAT(refused("sizes: [1kB, 2kB]"), HasSubstr("'sizes' is not a table"));
  EXPECT_THAT(refused("sizes: [4kB, 3kB, 2kB, 1kB]"), HasSubstr("do not grow"));
  EXPECT_THAT(refused("result_read: [1us, 2us, 3us, 4us]"), HasSubstr("write 4 entries"));
  EXPECT_THAT(refused("result_read: [1us 0, 2us 0, 3us 0]"), HasSubstr("write 4 entries"));
}

}  // namespace
}  // namespace timeslice::scenarios
