// Scheduling features at work together: classes, groups, inheritance, balancing, lazy preemption.
// Each scenario is one that a random generator found to hang, to abort or to count wrongly.
#include <string>

#include <gtest/gtest.h>

#include "scenarios/simulate.hpp"
#include "tests/models/world_fixture.hpp"
#include "tests/scenarios/format/loading.hpp"

namespace timeslice::scenarios {
namespace {

models::Timings run(const std::string& text, std::uint64_t repetition = 0) {
  return simulate(scenario("timeslice: 1\nruntime: none\n" + text), repetition, {});
}

void expect_ends(const std::string& text, std::uint64_t repetitions = 1) {
  for (std::uint64_t i = 0; i < repetitions; ++i) {
    const models::Timings timings = run(text, i);
    EXPECT_EQ(timings.status, models::RunStatus::ok) << timings.error;
  }
}

double value(const models::Timings& timings, const std::string& name,
             const std::string& entity = "") {
  EXPECT_EQ(timings.status, models::RunStatus::ok) << timings.error;
  return models::metric(timings, name, entity);
}

/// Burners and sleepers of two nice levels beside one thread of a class.
std::string mixed_load(const std::string& os, const std::string& sched) {
  return "machine: ideal-2\nos: " + os +
         "\ntasks:\n"
         "  burn: [{native: 300ms}]\n"
         "  nap: [{repeat: 40, do: [{native: 1.3ms}, {io: 3ms}]}]\n"
         "executors:\n"
         "  burners: {kind: cpp-threads, workers: 3}\n"
         "  nappers: {kind: cpp-threads, workers: 3, nice: 5}\n"
         "  other: {kind: cpp-threads, workers: 1, class: " +
         sched +
         "}\n"
         "main:\n"
         "  - submit: {task: burn, executor: burners, items: 3, as: b}\n"
         "  - submit: {task: nap, executor: nappers, items: 3, as: n}\n"
         "  - submit: {task: nap, executor: other, items: 1, as: o}\n"
         "  - join: b\n  - join: n\n  - join: o\n";
}

TEST(SchedulerMix, who_is_picked_again_with_nothing_left_does_not_stop_the_clock) {
  for (const char* os : {"{scheduler: linux-6.1, tick: 4ms}", "{scheduler: linux-6.17, tick: 1ms}",
                         "{scheduler: linux-6.12, tick: 4ms, policy: {protect: unscaled}}"}) {
    SCOPED_TRACE(os);
    expect_ends(mixed_load(os, "{kind: fifo, priority: 5}"), 10);
    expect_ends(mixed_load(os, "{kind: batch}"), 10);
  }
}

TEST(SchedulerMix, a_holder_that_sleeps_with_a_debt_can_be_lent_urgency) {
  expect_ends(
      "machine: ideal-1\n"
      "os: {scheduler: linux-6.12, tick: 4ms, random_tick_phase: off}\n"
      "locks: {bus: {kind: mutex, inherit: on}}\n"
      "tasks:\n"
      "  low: [{with: bus, do: [{native: 10ms}, {io: 30ms}, {native: 1ms}]}]\n"
      "  hog: [{native: 300ms}]\n"
      "  high: [{io: 18500us}, {with: bus, do: [{native: 2ms}]}]\n"
      "executors:\n"
      "  lows: {kind: cpp-threads, workers: 1}\n"
      "  hogs: {kind: cpp-threads, workers: 1}\n"
      "  highs: {kind: cpp-threads, workers: 1, class: {kind: fifo, priority: 30}}\n"
      "main:\n"
      "  - submit: {task: high, executor: highs, items: 1, as: h}\n"
      "  - submit: {task: low, executor: lows, items: 1, as: l}\n"
      "  - submit: {task: hog, executor: hogs, items: 1, as: g}\n"
      "  - join: h\n  - join: l\n  - join: g\n");
}

TEST(SchedulerMix, a_thread_that_was_lent_urgency_comes_back_to_a_group_without_time) {
  expect_ends(
      "machine: ideal-1\n"
      "os: {scheduler: linux-6.12, tick: 4ms, random_tick_phase: off, random_quota_phase: off,\n"
      "     groups: {app: {cpu_max: 10ms/100ms}}}\n"
      "locks: {bus: {kind: mutex, inherit: on}}\n"
      "tasks:\n"
      "  low: [{with: bus, do: [{native: 30ms}]}, {native: 5ms}]\n"
      "  high: [{io: 20ms}, {with: bus, do: [{native: 2ms}]}]\n"
      "executors:\n"
      "  lows: {kind: cpp-threads, workers: 1, group: app}\n"
      "  highs: {kind: cpp-threads, workers: 1, class: {kind: fifo, priority: 30}}\n"
      "main:\n"
      "  - submit: {task: high, executor: highs, items: 1, as: h}\n"
      "  - submit: {task: low, executor: lows, items: 1, as: l}\n"
      "  - join: h\n  - join: l\n");
  expect_ends(
      "machine: ideal-2\n"
      "os: {scheduler: linux-6.12, tick: 4ms, groups: {app: {cpu_max: 20ms/100ms}},\n"
      "     program_group: app}\n"
      "locks: {bus: {kind: mutex, inherit: on}}\n"
      "tasks: {w: [{repeat: 20, do: [{native: 3ms}, {with: bus, do: [{native: 2ms}]}]}]}\n"
      "executors:\n"
      "  calm: {kind: cpp-threads, workers: 4}\n"
      "  urgent: {kind: cpp-threads, workers: 1, class: {kind: fifo, priority: 3}}\n"
      "main:\n"
      "  - submit: {task: w, executor: calm, items: 4, as: c}\n"
      "  - submit: {task: w, executor: urgent, items: 1, as: u}\n"
      "  - join: c\n  - join: u\n",
      5);
}

TEST(SchedulerMix, a_lazy_request_waits_for_the_next_tick_and_not_for_the_end_of_the_slice) {
  const models::Timings timings = run(
      "machine: ideal-2\n"
      "os: {scheduler: linux-6.12, tick: 1ms, preemption: lazy,\n"
      "     policy: {slice: 8ms, protect: none}}\n"
      "tasks: {burn: [{native: 6s}], short: [{native: 50us}]}\n"
      "executors:\n"
      "  burners: {kind: cpp-threads, workers: 1, pin: [1]}\n"
      "  crew: {kind: cpp-threads, workers: 1, pin: [1]}\n"
      "main:\n"
      "  - submit: {task: burn, executor: burners, items: 1, as: b}\n"
      "  - repeat: 200\n"
      "    do: [{io: \"uniform(20ms, 30ms)\"}, {map: {task: short, executor: crew, items: 1}}]\n"
      "  - join: b\n");
  const double mean = value(timings, "task_latency_mean", "short") / 1e6;
  EXPECT_NEAR(mean, 0.5 + 0.05, 0.15) << "half a tick and the work";
  EXPECT_LT(value(timings, "task_latency_p99", "short") / 1e6, 1.1);
}

TEST(SchedulerMix, who_waits_for_its_next_period_is_not_runnable) {
  const models::Timings timings =
      run("machine: ideal-2\n"
          "os: {scheduler: linux-6.12, tick: 4ms}\n"
          "tasks: {w: [{native: 300ms}]}\n"
          "executors:\n"
          "  d: {kind: cpp-threads, workers: 4,\n"
          "      class: {kind: deadline, runtime: 20ms, deadline: 100ms, period: 100ms}}\n"
          "main: [{map: {task: w, executor: d, items: 4}}]\n");
  EXPECT_LT(value(timings, "idle_while_runnable"), 0.01 * value(timings, "makespan"));
  EXPECT_LT(value(timings, "state_timeshared"), 0.75) << "two at a time, then nobody";
}

TEST(SchedulerMix, a_cpu_set_of_all_cpus_binds_nobody) {
  const std::string tail =
      "tasks: {n: [{repeat: 40, do: [{native: 1.5ms}, {sleep: 1ms}]}]}\n"
      "executors: {d: {kind: cpp-threads, workers: 6}}\n"
      "main: [{map: {task: n, executor: d, items: 6}}]\n";
  const std::string os = "machine: ideal-4\nos: {scheduler: linux-6.12, tick: 4ms";
  const double free = value(run(os + "}\n" + tail), "idle_while_runnable");
  const double set = value(run(os + ", groups: {app: {cpus: [0-3]}}, program_group: app}\n" + tail),
                           "idle_while_runnable");
  EXPECT_GT(free, 1e6);
  EXPECT_EQ(set, free);
}

TEST(SchedulerMix, a_woken_deadline_thread_does_not_wait_beside_an_idle_cpu) {
  std::string text = "machine: ideal-2\nos: {scheduler: linux-6.12, tick: 4ms}\ntasks:\n";
  const std::string sched = "{kind: deadline, runtime: 6ms, deadline: 20ms, period: 20ms}";
  std::string executors = "executors:\n";
  std::string main = "main:\n";
  std::string joins;
  for (const auto& [name, nap] : {std::pair{"a", "25ms"}, {"b", "26ms"}, {"c", "27.3ms"}}) {
    const std::string is{name};
    text += "  " + is + ": [{repeat: 100, do: [{native: 5ms}, {io: " + nap + "}]}]\n";
    executors += "  e" + is + ": {kind: cpp-threads, workers: 1, class: " + sched + "}\n";
    main += "  - submit: {task: " + is + ", executor: e" + is + ", items: 1, as: f" + is + "}\n";
    joins += "  - join: f" + is + "\n";
  }
  EXPECT_LT(value(run(text + executors + main + joins), "idle_while_runnable"), 1e6);
}

}  // namespace
}  // namespace timeslice::scenarios
