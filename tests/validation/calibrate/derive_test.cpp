// From canned samples to the costs of a machine file.

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "validation/calibrate/derive_host.hpp"
#include "validation/calibrate/derive_runtime.hpp"
#include "validation/calibrate/probe_guard.hpp"
#include "validation/calibrate/speed_findings.hpp"

namespace timeslice::validation {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

constexpr const char* date = "2026-11-22";

Samples same(double value, std::size_t count = 10) {
  return {.ns = std::vector<double>(count, value), .rejected = 0};
}

std::string value_of(const Findings& findings, const std::string& name) {
  const Finding* found = findings.find(name);
  return found == nullptr || found->values.empty() ? "" : found->values.front();
}

TEST(Finding, a_cost_is_a_low_quantile_and_carries_its_spread) {
  ProbeSamples samples;
  Samples& calls = samples.by_name["syscall"];
  for (int i = 100; i > 0; --i) {
    calls.ns.push_back(i);
  }
  calls.rejected = 7;
  const Findings found = derive_host(samples, {}, date).findings;
  const Finding* cost = found.find("costs.syscall");
  ASSERT_NE(cost, nullptr);
  EXPECT_THAT(cost->values, ElementsAre("21ns"));
  EXPECT_EQ(cost->measured.samples, 100U);
  EXPECT_EQ(cost->measured.rejected, 7U);
  EXPECT_EQ(cost->measured.p50, 51ns);
  EXPECT_EQ(cost->measured.p90, 90ns);
  EXPECT_EQ(cost->measured.date, date);
}

TEST(DeriveHost, what_the_clock_and_the_bare_call_take_is_taken_off) {
  ProbeSamples samples;
  samples.by_name["clock"] = same(500);
  samples.by_name["pipe_cold"] = same(7000);
  samples.by_name["write_alone"] = same(3000);
  samples.by_name["write_waking"] = same(4300);
  samples.by_name["pipe_warm"] = same(700);
  samples.by_name["pipe_64k"] = same(700 + 128 * 80);
  const Findings found = derive_host(samples, {}, date).findings;
  EXPECT_EQ(value_of(found, "costs.pipe_message"), "3us");  // half of both, less a reading each
  EXPECT_EQ(value_of(found, "costs.wake_syscall"), "1300ns");
  EXPECT_EQ(value_of(found, "costs.pipe_copy_per_kib"), "80ns");
}

TEST(DeriveHost, a_threads_end_is_what_nobodys_clock_reading_saw) {
  ProbeSamples samples;
  samples.by_name["clock"] = same(500);
  samples.by_name["thread_exit"] = same(16'000);
  EXPECT_EQ(value_of(derive_host(samples, {}, date).findings, "costs.thread_exit"), "15us");
}

TEST(DeriveHost, a_fork_is_split_into_itself_and_the_memory_it_copies) {
  ProbeSamples samples;
  samples.by_name["fork"] = same(80'000);
  samples.by_name["fork_64_mib_more"] = same(80'000 + 64 * 30'000);
  samples.by_name["own_memory"] = same(2.0 * (1 << 20), 1);
  samples.by_name["process_exit"] = same(100'000);
  const Findings found = derive_host(samples, {}, date).findings;
  EXPECT_EQ(value_of(found, "costs.fork_per_mib"), "30us");
  EXPECT_EQ(value_of(found, "costs.fork"), "20us");
  EXPECT_EQ(value_of(found, "costs.process_exit"), "40us");
}

TEST(DeriveHost, a_late_sleep_is_slack_then_a_wake_up_by_the_timer) {
  ProbeSamples samples;
  samples.by_name["pipe_warm"] = same(1000);
  samples.by_name["timer_slack"] = same(50'000, 1);
  samples.by_name["sleep_1ms"] = same(90'000);
  samples.by_name["switch"] = same(1000);
  samples.by_name["read_busy_cpu"] = same(3000);
  samples.by_name["read_idle_cpu"] = same(10'000);
  for (int i = 0; i <= 100; ++i) {
    samples.by_name["wake_idle_cpu"].ns.push_back(21'000 + 100 * i);
  }
  const Findings found = derive_host(samples, {}, date).findings;
  EXPECT_EQ(value_of(found, "costs.wake_idle_cpu"), "13us") << "10 % quantile - 1 - 7 - 1";
  EXPECT_EQ(value_of(found, "costs.wake_idle_cpu_jitter"), "8us") << "twice 4 us";
  EXPECT_EQ(value_of(found, "costs.wake_by_timer"), "32us") << "90 - 50 - 7 - 1";
  EXPECT_EQ(value_of(found, "os.timer_latency"), "0s") << "of which nothing is left";
}

TEST(DeriveHost, a_way_to_an_idle_cpu_is_latency_only_as_far_as_no_thread_pays) {
  ProbeSamples samples;
  samples.by_name["pipe_warm"] = same(1000);
  samples.by_name["wake_idle_cpu"] = same(41'000);
  samples.by_name["switch"] = same(1000);
  samples.by_name["write_waking"] = same(2000);
  samples.by_name["write_idle_cpu"] = same(12'000);
  samples.by_name["read_busy_cpu"] = same(3000);
  samples.by_name["read_idle_cpu"] = same(11'000);
  samples.by_name["read_busy_cpu_later"] = same(23'000);
  samples.by_name["sleep_short"] = same(20'000);
  const Findings found = derive_host(samples, {}, date).findings;
  EXPECT_EQ(value_of(found, "costs.idle_call"), "10us");
  EXPECT_EQ(value_of(found, "costs.idle_exit"), "8us");
  EXPECT_EQ(value_of(found, "costs.timer_set"), "9us");
  EXPECT_EQ(value_of(found, "cold_code.resume"), "20us");
  EXPECT_EQ(value_of(found, "costs.wake_idle_cpu"), "21us") << "40 - 8 - 1 - half of 20";
}

TEST(DeriveRuntime, code_that_is_gone_after_long_says_by_1_ms_when_it_is) {
  ProbeSamples samples;
  samples.by_name["cold_code.later"] = same(12);
  samples.by_name["cold_code.after_1ms"] = same(3);
  samples.by_name["cold_code.after_busy"] = same(0.4);
  samples.by_name["cold_code.after_idle"] = same(1.9);
  samples.by_name["crowd"] = same(900'000);
  const Findings found =
      derive_cold_code(samples, {.os = {}, .name = "3.11", .from = "it", .date = date});
  EXPECT_EQ(value_of(found, "cold_code.factor"), "12.00");
  EXPECT_EQ(value_of(found, "cold_code.after"), "4ms");
  EXPECT_EQ(value_of(found, "cold_code.idle"), "0.125");
  EXPECT_EQ(value_of(found, "cold_code.start"), "900us");
}

TEST(DeriveHost, a_wake_up_that_found_its_cpu_busy_is_none_of_an_idle_one) {
  ProbeSamples samples;
  for (int i = 0; i <= 100; ++i) {
    samples.by_name["wake_idle_cpu"].ns.push_back(20'000 + 100 * i);
  }
  const Findings quiet = derive_host(samples, {}, date).findings;
  Samples& wakes = samples.by_name["wake_idle_cpu"];
  wakes.ns.insert(wakes.ns.end(), 20, 4'000'000.0);  // others' turns of 4 ms
  const Findings loaded = derive_host(samples, {}, date).findings;
  EXPECT_EQ(value_of(loaded, "costs.wake_idle_cpu"), value_of(quiet, "costs.wake_idle_cpu"));
  EXPECT_EQ(value_of(loaded, "costs.wake_idle_cpu_jitter"), "8us");
  EXPECT_EQ(loaded.find("costs.wake_idle_cpu")->measured.rejected, 20U);
}

TEST(DeriveHost, what_was_not_measured_is_left_out) {
  const Findings found = derive_host({}, {}, date).findings;
  EXPECT_TRUE(found.all().empty());
}

TEST(DeriveHost, two_cores_that_slow_each_other_are_a_warning_and_siblings_a_gain) {
  ProbeSamples samples;
  samples.by_name["beside_idle"] = same(100);
  samples.by_name["beside_busy"] = same(160);
  HostFacts facts;
  EXPECT_EQ(derive_host(samples, facts, date).warnings.size(), 1U);
  facts.siblings = true;
  const HostFindings siblings = derive_host(samples, facts, date);
  EXPECT_TRUE(siblings.warnings.empty());
  EXPECT_EQ(value_of(siblings.findings, "smt_gain"), "1.250");
  samples.by_name["beside_busy"] = same(103);
  EXPECT_TRUE(derive_host(samples, {}, date).warnings.empty());
}

TEST(DeriveHost, the_kernels_release_names_preset_and_gate) {
  EXPECT_EQ(scheduler_of("6.18.44-generic"), "linux-6.17");
  EXPECT_EQ(scheduler_of("6.12.1"), "linux-6.12");
  EXPECT_EQ(scheduler_of("6.6.0-rc1"), "linux-6.6");
  EXPECT_EQ(scheduler_of("5.10.0-8-amd64"), "linux-6.1");
  EXPECT_EQ(scheduler_of("nonsense"), "");
  EXPECT_EQ(newidle_gate_of("6.18.44"), "proportional");
  EXPECT_EQ(newidle_gate_of("6.18.4"), "rising-cost");
  EXPECT_EQ(newidle_gate_of("6.12.65"), "proportional");
  EXPECT_EQ(newidle_gate_of("6.12.3"), "cost");
}

RuntimeGround ground(const char* name = "3.11") {
  RuntimeGround ground;
  ground.name = name;
  ground.from = "CPython 3.11.2";
  ground.date = date;
  return ground;
}

TEST(DeriveRuntime, bare_reads_and_writes_are_taken_off_for_the_kernel_charges_them) {
  ProbeSamples samples;
  samples.by_name["parts.os_write"] = same(400);
  samples.by_name["parts.os_read"] = same(410);
  samples.by_name["parts.worker_chunk"] = same(7000);
  samples.by_name["parts.result_put"] = same(3000);
  samples.by_name["parts.task_handler_chunk"] = same(3900);
  samples.by_name["parts.poll"] = same(2400);
  samples.by_name["parts.executor_clear"] = same(4000);
  const Findings found = derive_runtime(samples, ground());
  EXPECT_EQ(value_of(found, "runtimes.3.11.pool_get"), "3590ns");
  EXPECT_EQ(value_of(found, "runtimes.3.11.pool_result"), "2600ns");
  EXPECT_EQ(value_of(found, "runtimes.3.11.pool_put"), "3500ns");
  EXPECT_EQ(value_of(found, "runtimes.3.11.executor.take_byte"), "1190ns");
}

TEST(DeriveRuntime, a_payload_step_is_cpu_time_without_faults_and_a_share_of_pages) {
  ProbeSamples samples;
  samples.by_name["payload.fault"] = same(1000);
  samples.by_name["payload.step"] = same(500);
  const auto put = [&](std::int64_t size, double cpu, double faults) {
    const std::string name = "payload.result_build." + std::to_string(size);
    samples.by_name[name + ".cpu"] = same(cpu);
    samples.by_name[name + ".faults"] = same(faults);
  };
  put(30'000, 2500, 0);
  put(100'000, 12'500, 10);
  put(300'000, 70'000, 73);
  put(1'000'000, 250'500, 244);
  const Findings found = derive_runtime(samples, ground());
  const Finding* table = found.find("runtimes.3.11.payload.result_build");
  ASSERT_NE(table, nullptr);
  // Faults at 300 kB took more than there is: what the smaller size took stands in.
  EXPECT_THAT(table->values, ElementsAre("2us 0.00", "2us 0.41", "2us 1.00", "6us 1.00"));
}

TEST(DeriveRuntime, a_table_with_a_hole_is_no_table) {
  ProbeSamples samples;
  samples.by_name["payload.fault"] = same(1000);
  samples.by_name["payload.result_build.30000.cpu"] = same(2000);
  samples.by_name["payload.result_build.30000.faults"] = same(0);
  EXPECT_EQ(derive_runtime(samples, ground()).find("runtimes.3.11.payload.result_build"), nullptr);
}

TEST(Speed, another_version_is_set_against_3_11_where_that_was_measured) {
  ProbeSamples first;
  first.by_name["kernel.python.0"] = same(38'000);
  first.by_name["kernel.python.1"] = same(50'000);  // the fastest CPU counts
  const scenarios::MachineFile nothing;
  Findings found{date};
  const RuntimeGround reference = ground();
  add_python_speed(first, {.ground = reference, .known = nothing}, found);
  EXPECT_EQ(value_of(found, "speed.python"), "1.000");
  ProbeSamples second;
  second.by_name["kernel.python.0"] = same(30'400);
  const RuntimeGround newer = ground("3.13");
  add_python_speed(second, {.ground = newer, .known = nothing}, found);
  EXPECT_EQ(value_of(found, "runtimes.3.13.speed.python"), "1.250");
  Findings alone{date};
  add_python_speed(second, {.ground = newer, .known = nothing}, alone);
  EXPECT_EQ(alone.find("runtimes.3.13.speed.python"), nullptr);
}

TEST(Guard, stolen_time_and_foreign_load_disturb_a_round_but_not_a_ticks_error) {
  EXPECT_FALSE(is_disturbed({.wall = 100ms, .foreign = 9ms, .steal = 0ms}));
  EXPECT_FALSE(is_disturbed({.wall = 100ms, .foreign = 20ms, .steal = 0ms}));
  EXPECT_TRUE(is_disturbed({.wall = 100ms, .foreign = 30ms, .steal = 0ms}));
  EXPECT_FALSE(is_disturbed({.wall = 1000ms, .foreign = 90ms, .steal = 0ms}));
  EXPECT_TRUE(is_disturbed({.wall = 1000ms, .foreign = 0ms, .steal = 10ms}));
}

TEST(ProbeSamples, survive_their_way_as_json_and_nonsense_is_an_error) {
  ProbeSamples samples;
  samples.by_name["a"] = {.ns = {1.5, 2.0}, .rejected = 3};
  samples.missing["b"] = "no \"permission\"\n";
  samples.disturbed = 4;
  const auto back = probe_samples_from(to_json(samples));
  ASSERT_TRUE(back);
  EXPECT_THAT(back.value().find("a")->ns, ElementsAre(1.5, 2.0));
  EXPECT_EQ(back.value().by_name.at("a").rejected, 3U);
  EXPECT_EQ(back.value().missing.at("b"), "no \"permission\"\n");
  EXPECT_EQ(back.value().disturbed, 4U);
  EXPECT_FALSE(probe_samples_from("{\"samples\": 3}"));
  EXPECT_FALSE(probe_samples_from("Traceback"));
}

}  // namespace
}  // namespace timeslice::validation
