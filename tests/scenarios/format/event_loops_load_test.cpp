// What event loops look like in a file, and what is refused there.
#include <optional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/scenarios/format/loading.hpp"

namespace timeslice::scenarios {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// One task, named `t`, on a loop; `crew` is a thread pool, `pool` processes.
std::string with_task(const std::string& steps, const std::string& rest = {}) {
  return around("tasks:\n  p: [{python: 1ms}]\n  t: " + steps +
                "\nexecutors:\n  loop: {kind: asyncio}\n  crew: {kind: threads}\n"
                "  pool: {kind: processes}\n" +
                rest + "main: [{gather: {task: t, items: 3, executor: loop}}]\n");
}

TEST(EventLoopsInFiles, awaits_and_gathers_become_steps) {
  const Scenario read =
      scenario(with_task("[{await: {io: 5ms}}, {await: {sleep: exp(2ms)}}, {await: {task: p}}, "
                         "{await: {task: p, executor: crew}}, {gather: {task: p, items: 4}}]"));
  const models::Steps& steps = read.world.tasks.at(1).steps;
  ASSERT_EQ(steps.size(), 5U);
  const auto& io = std::get<models::AwaitStep>(steps[0].what);
  EXPECT_EQ(io.what, models::AwaitStep::What::io);
  EXPECT_EQ(io.duration.first_ns, 5e6);
  EXPECT_EQ(std::get<models::AwaitStep>(steps[1].what).what, models::AwaitStep::What::sleep);
  EXPECT_FALSE(std::get<models::AwaitStep>(steps[2].what).executor.has_value());
  const auto name = [&](std::optional<models::ExecutorIndex> executor) {
    return executor ? read.world.executors.at(models::index_of(*executor)).name : "";
  };
  EXPECT_EQ(name(std::get<models::AwaitStep>(steps[3].what).executor), "crew");
  const auto& gather = std::get<models::GatherStep>(steps[4].what);
  EXPECT_EQ(gather.items, 4U);
  EXPECT_FALSE(gather.executor.has_value());
  EXPECT_EQ(name(std::get<models::GatherStep>(read.world.main.at(0).what).executor), "loop");
}

TEST(EventLoopsInFiles, a_timeout_holds_steps) {
  const Scenario read =
      scenario(with_task("[{timeout: \"uniform(1ms, 3ms)\", do: [{await: {sleep: "
                         "5ms}}, {await: {task: p}}]}]"));
  const auto& timeout = std::get<models::TimeoutStep>(read.world.tasks.at(1).steps.at(0).what);
  EXPECT_EQ(timeout.after.first_ns, 1e6);
  ASSERT_EQ(timeout.body.size(), 2U);
  EXPECT_EQ(timeout.body[1].number, 2U) << "numbered in reading order";
  EXPECT_THAT(errors(with_task("[{timeout: 5, do: []}]")), HasSubstr("error[E-unit]"));
  EXPECT_THAT(errors(with_task("[{timeout: 5ms}]")), HasSubstr("do"));
  EXPECT_THAT(errors(around("main: [{timeout: 1ms, do: [{python: 1ms}]}]\n")),
              HasSubstr("a thread cannot be interrupted"));
}

TEST(EventLoopsInFiles, a_coroutine_awaits_one_thing_at_a_time) {
  EXPECT_THAT(errors(with_task("[{await: {io: 5ms, sleep: 1ms}}]")),
              HasSubstr("a coroutine awaits one thing at a time"));
  EXPECT_THAT(errors(with_task("[{await: {}}]")),
              HasSubstr("a coroutine awaits one thing at a time"));
  EXPECT_THAT(errors(with_task("[{await: {sleep: 1ms, executor: crew}}]")),
              HasSubstr("an executor runs tasks, and there is no task"));
  EXPECT_THAT(errors(with_task("[{await: {sleep: 5}}]")), HasSubstr("error[E-unit]"));
  EXPECT_THAT(errors(with_task("[{await: {task: q}}]")), HasSubstr("error[E-name]"));
}

TEST(EventLoopsInFiles, what_has_no_loop_is_refused_where_it_stands) {
  EXPECT_EQ(
      errors(around("main: [{await: {sleep: 1ms}}]\n")),
      "t.yaml:3:7: error[E-world]: main: it awaits, but no event loop runs it\n"
      "    3 | main: [{await: {sleep: 1ms}}]\n"
      "      |       ^ hand it to an executor of kind asyncio, or wait with io, sleep, call or "
      "join\n");
  EXPECT_THAT(errors(with_task("[{await: {task: p, executor: pool}}]")),
              HasSubstr("t.yaml:5:6: error[E-world]: tasks.t: a coroutine cannot await executor "
                        "'pool'"));
}

TEST(EventLoopsInFiles, costs_and_the_kind_of_loop_are_read) {
  const Scenario read =
      scenario(with_task("[]",
                         "runtime: {event_loop: uvloop, costs: {event_loop: {turn: 3us, "
                         "loop_close: 1ms}}}\n"));
  EXPECT_EQ(read.world.runtime.event_loop, models::LoopKind::uvloop);
  EXPECT_EQ(read.world.runtime.costs.loop.turn, 3us);
  EXPECT_EQ(read.world.runtime.costs.loop.loop_close, 1ms);
}

TEST(EventLoopsInFiles, keys_that_a_loop_in_main_does_not_feel_are_told) {
  const auto warnings = [](const std::string& loop) {
    return point(plan(around("executors: {loop: " + loop + "}\n"))).scenario.warnings;
  };
  EXPECT_THAT(warnings("{kind: asyncio, nice: 5}"),
              testing::Contains(HasSubstr("nice has no effect on kind asyncio")));
  EXPECT_THAT(warnings("{kind: asyncio, workers: 2, nice: 5}"),
              testing::Not(testing::Contains(HasSubstr("nice has no effect on kind"))));
}

}  // namespace
}  // namespace timeslice::scenarios
