#include "validation/timeline.hpp"

#include <gtest/gtest.h>

#include "models/trace_kinds.hpp"
#include "scenarios/simulate.hpp"
#include "tests/validation/native/recorder/timeline_rules.hpp"
#include "tests/validation/small_world.hpp"
#include "validation/timeline_compare.hpp"

namespace timeslice::validation {
namespace {

using namespace std::chrono_literals;
using models::ExecutorKind;
using models::TraceKind;

/// Records written by hand.
class Trace {
 public:
  Trace& created(std::uint32_t thread, std::uint32_t process) {
    return add(TraceKind::thread_created, 0, {.subject = thread, .object = process});
  }
  Trace& ready(std::int64_t time, std::uint32_t thread, std::uint16_t cpu) {
    return add(TraceKind::ready, time, {.cpu = cpu, .subject = thread});
  }
  Trace& in(std::int64_t time, std::uint32_t thread, std::uint16_t cpu) {
    return add(TraceKind::switch_in, time, {.cpu = cpu, .subject = thread});
  }
  Trace& out(std::int64_t time, std::uint32_t thread, std::uint16_t cpu, std::uint64_t why) {
    return add(TraceKind::switch_out, time, {.cpu = cpu, .subject = thread, .value = why});
  }
  [[nodiscard]] TimelineFacts facts(sim::Duration span, std::uint32_t cpus = 2) const {
    return facts_of(timeline_of(records_, span), cpus, true);
  }

 private:
  Trace& add(TraceKind kind, std::int64_t time, sim::TraceRecord record) {
    record.time_ns = time;
    record.kind = static_cast<std::uint16_t>(kind);
    records_.push_back(record);
    return *this;
  }
  std::vector<sim::TraceRecord> records_;
};

constexpr std::uint64_t blocked = 0;
constexpr std::uint64_t preempted = 1;
constexpr std::uint64_t used_up = 2;

TEST(Timeline, a_run_lasts_until_another_thread_of_the_program_has_the_cpu) {
  Trace trace;
  trace.created(0, 0).created(1, 0).created(2, foreign_process);
  trace.ready(0, 0, 0).in(0, 0, 0).ready(0, 1, 0);
  trace.out(100, 0, 0, preempted).in(100, 2, 0).out(110, 2, 0, blocked).in(110, 0, 0);
  trace.out(400, 0, 0, used_up).in(400, 1, 0).out(900, 1, 0, used_up).in(900, 0, 0);
  const TimelineFacts facts = trace.facts(1'000ns);
  EXPECT_EQ(facts.runs->count, 2U) << "the one that the end cut off does not count";
  EXPECT_EQ(facts.runs->mean_ns, 450.0);
  EXPECT_EQ(facts.gaps->count, 1U);
  EXPECT_EQ(facts.gaps->p50_ns, 500.0);
  EXPECT_EQ(facts.waits->count, 1U) << "thread 0 did not wait";
  EXPECT_EQ(facts.foreign_cpu, 10ns);
  EXPECT_EQ(facts.total().involuntary, 3U);
  EXPECT_EQ(facts.total().wait, 10ns + 400ns + 500ns + 100ns);
}

TEST(Timeline, an_idle_cpu_beside_a_queued_thread_counts_but_one_being_woken_does_not) {
  Trace trace;
  trace.created(0, 0).created(1, 0).created(2, 0);
  trace.ready(0, 0, 0).in(0, 0, 0);
  trace.ready(100, 1, 0);                // queued on the busy CPU: 100 to 300
  trace.ready(200, 2, 1).in(250, 2, 1);  // CPU 1 is being woken: 200 to 250
  trace.out(300, 0, 0, blocked).in(300, 1, 0);
  EXPECT_EQ(trace.facts(400ns).idle_while_runnable, 100ns);
  EXPECT_EQ(trace.facts(400ns, 3).idle_while_runnable, 200ns)
      << "a third CPU is idle for all of it";
}

TEST(Timeline, roles_follow_the_order_of_creation) {
  std::vector<sim::TraceRecord> records;
  for (const std::uint32_t process : {7U, 7U, 3U, 3U, 7U, 9U, foreign_process}) {
    records.push_back({.kind = static_cast<std::uint16_t>(TraceKind::thread_created),
                       .subject = static_cast<std::uint32_t>(records.size()),
                       .object = process});
  }
  EXPECT_EQ(roles_of(records),
            (std::vector<std::string>{"main", "thread 1", "process 1", "process thread", "thread 2",
                                      "process 2", "other programs"}));
}

TEST(Timeline, many_threads_share_a_role_and_a_row) {
  std::vector<sim::TraceRecord> records;
  for (std::uint32_t thread = 0; thread < 20; ++thread) {
    records.push_back(
        {.kind = static_cast<std::uint16_t>(TraceKind::thread_created), .subject = thread});
  }
  const Timeline timeline = timeline_of(records, 1us);
  EXPECT_TRUE(timeline.threads.empty()) << "none of them ever did anything";
  EXPECT_EQ(roles_of(records).back(), "other threads");
}

TEST(Timeline, simulated_runs_keep_its_rules_and_agree_with_their_own_accounts) {
  for (const std::uint32_t workers : {1U, 2U, 4U}) {
    models::WorldSpec world =
        mapped({native(3ms), sleep(1ms)}, 12, ExecutorKind::cpp_threads, workers);
    sim::MemorySink sink;
    scenarios::RunOptions options;
    options.sink = &sink;
    const models::Timings run = scenarios::simulate(scenario_of(world), 0, options);
    ASSERT_EQ(run.status, models::RunStatus::ok) << run.error;
    // Threads end a little after main, and their accounts go on until then.
    const sim::Duration whole{sink.records().back().time_ns};
    const Timeline timeline = timeline_of(sink.records(), whole);
    EXPECT_EQ(broken_rule(slices_of(timeline)), "");
    const TimelineFacts facts = facts_of(timeline, 2, true);
    EXPECT_EQ(facts.foreign_cpu, 0ns);
    EXPECT_EQ(facts.roles.front().role, "main");
    EXPECT_EQ(facts.roles.size(), workers + 1U);
    const auto metric = [&](const std::string& name) {
      const auto found = std::ranges::find_if(run.metrics, [&](const models::Metric& one) {
        return one.name == name && one.entity.empty();
      });
      return found == run.metrics.end() ? -1.0 : found->value;
    };
    const ThreadFacts total = facts.total();
    // Accounts begin with main's first step, a trace with the switch to main.
    const sim::Duration accounted = total.run - world.machine.costs.context_switch;
    EXPECT_EQ(static_cast<double>(accounted.count()), metric("cpu_time"));
    EXPECT_EQ(static_cast<double>(total.voluntary), metric("switches_voluntary"));
    EXPECT_EQ(static_cast<double>(total.involuntary), metric("switches_involuntary"));
    EXPECT_EQ(static_cast<double>(total.migrations), metric("migrations"));
  }
}

TEST(TimelineCompare, only_what_both_sides_know_is_compared_and_medians_count) {
  std::vector<TimelinePair> pairs;
  for (const std::int64_t waited : {10, 20, 90}) {
    TimelinePair pair;
    pair.predicted.roles = {{.role = "main", .wait = sim::Duration{10}},
                            {.role = "thread 1", .run = 100ns}};
    pair.measured.roles = {{.role = "main", .wait = sim::Duration{waited}}};
    pair.predicted.idle_while_runnable = 5ns;
    pairs.push_back(pair);
  }
  const std::vector<TimelineRow> rows = compare_timelines(pairs);
  const auto row = [&](const std::string& name, const std::string& entity) {
    return std::ranges::find_if(
        rows, [&](const TimelineRow& one) { return one.name == name && one.entity == entity; });
  };
  ASSERT_NE(row("wait", "main"), rows.end());
  EXPECT_EQ(row("wait", "main")->measured, 20.0);
  EXPECT_EQ(row("wait", "main")->error, -0.5);
  EXPECT_EQ(row("cpu_time", "")->error, std::nullopt) << "nothing was measured";
  EXPECT_EQ(row("cpu_time", "thread 1"), rows.end());
  EXPECT_EQ(row("idle_while_runnable", ""), rows.end());
}

}  // namespace
}  // namespace timeslice::validation
