// Keys of the operating system that change nothing are told.
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "models/world.hpp"
#include "tests/scenarios/format/loading.hpp"

namespace timeslice::scenarios {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

std::vector<std::string> doubts(const std::string& rest) {
  return scenario("timeslice: 1\nmachine: ideal-2\nruntime: none\n" + rest).warnings;
}

std::string with_policy(const std::string& policy) {
  return "os: {policy: {queue: per-cpu, " + policy + "}}\nmain: [{native: 1ms}]\n";
}

TEST(WithoutEffectOs, keys_of_other_policies_are_told) {
  for (const char* policy :
       {"kind: rr, levels: 7", "kind: rr, gentle_sleepers: off", "kind: eevdf, latency: 5ms",
        "kind: eevdf, boost: 2s", "kind: edf, slice: 1ms", "kind: fifo, slice: 3ms"}) {
    EXPECT_THAT(doubts(with_policy(policy)), Contains(HasSubstr("has no effect on this policy")))
        << policy;
  }
  for (const char* policy :
       {"kind: rr, slice: 3ms", "kind: mlfq, levels: 7", "kind: cfs, latency: 5ms",
        "kind: eevdf, protect: none", "kind: priority, age: 1ms"}) {
    EXPECT_THAT(doubts(with_policy(policy)), Not(Contains(HasSubstr("has no effect")))) << policy;
  }
}

TEST(WithoutEffectOs, sessions_are_of_linux_only) {
  const std::string two =
      "tasks: {a: [{native: 1ms}]}\nbackground: [{task: a}]\nmain: [{call: a}]\n";
  const auto on_vm = [&two](const std::string& os) {
    return scenario("timeslice: 1\nmachine: vm-1c\nruntime: none\n" + os + two);
  };
  EXPECT_EQ(on_vm("os: {scheduler: linux-6.12}\n").world.os.groups.size(), 2U);
  for (const char* textbook : {"rm", "edf", "mlfq", "sjf", "priority", "rr", "lottery"}) {
    const Scenario read = on_vm(std::string{"os: {scheduler: "} + textbook + "}\n");
    EXPECT_TRUE(read.world.os.groups.empty()) << textbook;
    EXPECT_THAT(read.warnings, Not(Contains(HasSubstr("autogroup"))))
        << "the machine's file asks for it, not the scenario";
    EXPECT_TRUE(models::check_world(read.world).empty()) << "what loads can be run";
  }
  EXPECT_TRUE(on_vm("os: {policy: {queue: shared}}\n").world.os.groups.empty());
  EXPECT_THAT(on_vm("os: {scheduler: rm, autogroup: on}\n").warnings,
              Contains("os.autogroup has no effect: only Linux's fair schedulers have it"));
}

TEST(WithoutEffectOs, weights_that_nobody_looks_at_are_told) {
  const std::string crew =
      "executors: {crew: {kind: cpp-threads, workers: 2, nice: 5}}\ntasks: {a: [{native: 1ms}]}\n"
      "main: [{map: {task: a, items: 2, executor: crew}}]\n";
  EXPECT_THAT(doubts("os: {scheduler: rr}\n" + crew),
              Contains("executor crew: nice has no effect on this policy"));
  EXPECT_THAT(doubts("os: {scheduler: linux-6.12}\n" + crew),
              Not(Contains(HasSubstr("has no effect"))));
  const std::string groups = "queue: per-cpu}, groups: {g: {weight: 300}}, program_group: g}\n";
  EXPECT_THAT(doubts("os: {policy: {kind: rr, " + groups + "main: [{native: 1ms}]\n"),
              Contains("os.groups.g: weight has no effect on this policy"));
  EXPECT_THAT(doubts("os: {policy: {kind: stride, " + groups + "main: [{native: 1ms}]\n"),
              Not(Contains(HasSubstr("weight has no effect"))));
}

TEST(WithoutEffectOs, inheritance_and_limits_need_somebody_urgent) {
  const std::string start =
      "os: {scheduler: linux-6.12, rt: {limit: none}}\n"
      "locks: {m: {kind: mutex, inherit: on}}\n"
      "tasks: {a: [{with: m, do: [{native: 1ms}]}]}\n";
  const std::string main = "main: [{map: {task: a, items: 2, executor: crew}}]\n";
  const auto calm = doubts(start + "executors: {crew: {kind: cpp-threads, workers: 2}}\n" + main);
  EXPECT_THAT(calm, Contains(HasSubstr("lock m: inherit has no effect")));
  EXPECT_THAT(calm, Contains(HasSubstr("os.rt has no effect")));
  const auto urgent = doubts(
      start +
      "executors: {crew: {kind: cpp-threads, workers: 2, class: {kind: rr, priority: 3}}}\n" +
      main);
  EXPECT_THAT(urgent, Not(Contains(HasSubstr("has no effect"))));
}

TEST(WithoutEffectOs, the_mechanism_of_linux_has_keys_of_its_own) {
  EXPECT_THAT(doubts("os: {scheduler: linux-6.12, balance: {kind: work-conserving, "
                     "newidle_look: 1us}}\nmain: [{native: 1ms}]\n"),
              Contains(HasSubstr("os.balance.newidle_look has no effect")));
}

}  // namespace
}  // namespace timeslice::scenarios
