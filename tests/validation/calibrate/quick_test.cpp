#include "validation/calibrate/quick.hpp"

#include <array>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace timeslice::validation {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

/// What `calibrate.py reference` prints on a host whose starts take `times` the usual.
json reference(double times) {
  const auto three = [times](double ns) { return json{0.5 * ns, times * ns, 9.0 * ns}; };
  json raw;
  raw["sleep"] = {90'000, 100'000, 110'000};
  raw["pipe"] = {1000, 1000, 1000};
  raw["wake"] = {31'000, 36'000, 41'000};
  raw["thread"] = three(40'000);
  raw["fork"] = three(300'000);
  raw["pool"] = three(2'000'000);
  raw["page_fault"] = three(2000);
  raw["pipe_copy"] = three(250);
  raw["pace"] = {600'000, 700'000, 900'000};
  for (const char* method : {"process", "spawn", "forkserver"}) {
    raw[method] = {{"parent", three(500'000)}, {"until", three(40e6)}, {"after", three(8e6)}};
  }
  raw["cold_code"] = {{"later", {10, 10, 10}},
                      {"after_1ms", {2, 2, 2}},
                      {"after_busy", {0.5, 0.5, 0.5}},
                      {"after_idle", {1.5, 1.5, 1.5}}};
  raw["crowd"] = three(1'000'000);
  raw["kernel_paths"] = {
      {"write", {1000}},   {"read_same_cpu", {3000}},   {"read_same_cpu_later", {13'000}},
      {"sleep", {18'000}}, {"write_other_cpu", {9000}}, {"read_other_cpu", {9000}}};
  return raw;
}

QuickCosts first_costs() {
  json raw = reference(1.0);
  raw["larger_fork"] = {{"mib", 64}, {"fork", {940'000, 940'000}}};
  raw["helpers"] = {{"server", 30'000'000}, {"tracker", 20'000'000}};
  raw["pool_import"] = 8'000'000;
  raw["loop_switch"] = {2000};
  raw["resident"] = 20 << 20;
  for (const char* process : {"spawn", "parent", "fork", "forkserver"}) {
    raw["memory"][process] = {{"private", 1 << 20}, {"files", 2 << 20}};
  }
  return read_quick_costs(raw.dump(), 500'000.0);
}

TEST(QuickCosts, are_medians_at_the_pace_of_their_probe) {
  const QuickCosts quick = first_costs();
  EXPECT_EQ(quick.spawn_child, 40ms);
  EXPECT_EQ(quick.page_fault, 2us);
  EXPECT_EQ(quick.pipe_copy, 250ns);
  EXPECT_EQ(quick.idle_call, 8us);
  EXPECT_EQ(quick.idle_exit, 6us);
  EXPECT_EQ(quick.timer_set, 9us);
  EXPECT_EQ(quick.fork_per_mib, 10us);
  EXPECT_EQ(quick.wake_median, 35us) << "less the pipe";
  EXPECT_DOUBLE_EQ(quick.slowness, 1.4);
  EXPECT_DOUBLE_EQ(quick.cold_code.factor, 10.0);
  EXPECT_DOUBLE_EQ(quick.cold_code.idle, 0.1);
  EXPECT_EQ(quick.cold_code.after, 5ms);
  EXPECT_EQ(quick.cold_code.resume, 10us);
  EXPECT_EQ(quick.cold_code.start, 1ms);
}

TEST(QuickCosts, measured_again_take_along_what_was_not) {
  const QuickCosts later = read_again(reference(1.5).dump(), 500'000.0, first_costs());
  EXPECT_EQ(later.spawn_child, 60ms);
  EXPECT_EQ(later.fork, 450us);
  EXPECT_EQ(later.fork_per_mib, 15us) << "with fork";
  EXPECT_EQ(later.forkserver_start, 45ms) << "with a spawned child";
  EXPECT_EQ(later.resource_tracker, 30ms);
  EXPECT_EQ(later.pool_import, 12ms);
  EXPECT_EQ(later.loop_switch, 2us) << "goes with the speed index alone";
  EXPECT_EQ(later.resident_bytes, 20 << 20);
}

TEST(QuickCosts, between_two_measurements_are_half_way) {
  const QuickCosts before = first_costs();
  const QuickCosts after = read_again(reference(1.5).dump(), 600'000.0, before);
  const QuickCosts middle = between(before, after);
  EXPECT_EQ(middle.spawn_child, 50ms);
  EXPECT_EQ(middle.forkserver_child, 50ms);
  EXPECT_EQ(middle.pool_create, 2500us);
  EXPECT_EQ(middle.page_fault, 2500ns);
  EXPECT_EQ(middle.pool_import, 10ms);
  EXPECT_NEAR(middle.slowness, (1.4 + 7.0 / 6.0) / 2.0, 1e-9);
}

TEST(QuickCosts, between_two_measurements_no_cost_is_left_out) {
  QuickCosts before;
  QuickCosts after;
  constexpr std::array drifting{&QuickCosts::sleep_overshoot,
                                &QuickCosts::wake,
                                &QuickCosts::wake_median,
                                &QuickCosts::thread_start,
                                &QuickCosts::fork,
                                &QuickCosts::fork_per_mib,
                                &QuickCosts::process_start,
                                &QuickCosts::fork_child,
                                &QuickCosts::child_exit,
                                &QuickCosts::spawn_parent,
                                &QuickCosts::spawn_child,
                                &QuickCosts::spawn_exit,
                                &QuickCosts::forkserver_start,
                                &QuickCosts::forkserver_child,
                                &QuickCosts::resource_tracker,
                                &QuickCosts::pool_create,
                                &QuickCosts::pool_import,
                                &QuickCosts::idle_call,
                                &QuickCosts::idle_exit,
                                &QuickCosts::timer_set,
                                &QuickCosts::page_fault,
                                &QuickCosts::pipe_copy};
  for (sim::Duration QuickCosts::* cost : drifting) {
    after.*cost = 20us;
  }
  before.cold_code = {.factor = 8.0, .resume = 10us, .after = 4ms, .idle = 0.0};
  after.cold_code = {.factor = 16.0, .resume = 20us, .after = 8ms, .idle = 0.5};
  const QuickCosts middle = between(before, after);
  for (std::size_t i = 0; i < drifting.size(); ++i) {
    EXPECT_EQ(middle.*drifting[i], 10us) << "cost " << i;
  }
  EXPECT_DOUBLE_EQ(middle.cold_code.factor, 12.0);
  EXPECT_EQ(middle.cold_code.resume, 15us);
  EXPECT_EQ(middle.cold_code.after, 6ms);
  EXPECT_DOUBLE_EQ(middle.cold_code.idle, 0.25);
}

}  // namespace
}  // namespace timeslice::validation
