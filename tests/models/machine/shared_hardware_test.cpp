// The closed forms of shared hardware: bandwidth, latency, caches, hardware threads, lines, clocks.
#include <array>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "models/machine/cache_share.hpp"
#include "models/machine/character.hpp"
#include "models/machine/coherence.hpp"
#include "models/machine/loaded_latency.hpp"
#include "models/machine/memory_paths.hpp"
#include "models/machine/regular.hpp"
#include "models/machine/saturation.hpp"
#include "models/machine/smt.hpp"
#include "models/machine/turbo.hpp"

namespace timeslice::models {
namespace {

constexpr std::int64_t bytes_a_mib = 1 << 20;

TEST(Saturation, one_user_gets_what_it_gets_alone) {
  for (const double rate : {0.1, 3.0, 9.0}) {
    EXPECT_NEAR(delivered(demand_of(rate, 10.0), 10.0), rate, 1e-12) << rate;
  }
}

TEST(Saturation, equal_users_follow_the_closed_form_and_never_pass_the_capacity) {
  double before = 0.0;
  for (double users = 1.0; users < 100.0; users += 1.0) {
    const double got = delivered_to_equals(users, 3.0, 10.0);
    EXPECT_LE(got, 10.0);
    EXPECT_LE(got, users * 3.0 * (1.0 + 1e-12));
    EXPECT_GT(got, before);
    before = got;
  }
}

// Measured: load from memory on one domain of 7 cores of a Xeon E5-2695 v3, cluster on die
// (RRZE-HPC/kerncraft, examples/machine-files). Inputs: the first and the highest.
TEST(Saturation, a_measured_curve_is_met_within_seven_percent) {
  constexpr std::array measured{12.8, 22.5, 29.1, 31.7, 32.2, 32.3, 32.4};
  for (std::size_t n = 1; n <= measured.size(); ++n) {
    const double predicted = delivered_to_equals(static_cast<double>(n), 12.8, 32.4);
    EXPECT_NEAR(predicted / measured[n - 1], 1.0, 0.07) << n << " cores";
  }
}

TEST(Saturation, who_leaves_takes_away_what_it_brought) {
  SaturatingResource memory{10.0};
  memory.join(4.0);
  EXPECT_DOUBLE_EQ(memory.slowdown(), 1.0) << "alone";
  memory.join(6.0);
  const double both = memory.slowdown();
  EXPECT_GT(both, 1.0);
  memory.join(5.0);
  EXPECT_GT(memory.slowdown(), both);
  memory.leave(5.0);
  EXPECT_DOUBLE_EQ(memory.slowdown(), both);
}

TEST(Smt, the_use_of_a_core_follows_from_the_gain_of_two) {
  for (const double gain : {1.05, 1.25, 1.31, 1.7, 2.0}) {
    const double use = core_use_of_gain(gain);
    EXPECT_NEAR(smt_gain_of(use, 2.0), gain, 1e-9);
    const std::array uses{use, use};
    EXPECT_NEAR(2.0 * smt_speed(uses), gain, 1e-9);
  }
  EXPECT_NEAR(core_use_of_gain(1.05), 0.95, 0.005) << "inverse of the gain, by hand";
  EXPECT_NEAR(core_use_of_gain(1.3), 0.74, 0.005);
  EXPECT_NEAR(core_use_of_gain(1.69), 0.50, 0.005);
}

TEST(Smt, a_light_sibling_costs_less_than_a_heavy_one) {
  const std::array light{0.95, 0.2};
  const std::array heavy{0.95, 0.95};
  EXPECT_NEAR(smt_speed(light), 0.85, 0.01) << "0.95 beside 0.2, by hand";
  EXPECT_LT(smt_speed(heavy), smt_speed(light));
  EXPECT_DOUBLE_EQ(smt_speed(std::array{0.9}), 1.0);
}

TEST(LoadedLatency, is_idle_without_load_and_saturated_at_full_load) {
  EXPECT_DOUBLE_EQ(latency_factor(0.0, 2.8), 1.0);
  EXPECT_DOUBLE_EQ(latency_factor(1.0, 2.8), 2.8);
  EXPECT_LT(latency_factor(0.5, 2.8), 1.2) << "most of the rise comes late";
}

TEST(CacheShare, sets_that_fit_have_what_they_use) {
  const MissCurve curve = MissCurve::random_over(Bytes{4 * bytes_a_mib});
  std::vector<CacheUsers> users(2, {.accesses = 1.0, .set = 4.0 * bytes_a_mib, .misses = &curve});
  share_cache(users, 8.0 * bytes_a_mib);
  EXPECT_DOUBLE_EQ(users[0].share, 4.0 * bytes_a_mib);
  EXPECT_DOUBLE_EQ(curve.at(users[0].share), 0.0);
}

TEST(CacheShare, equal_users_share_equally_and_fill_the_cache) {
  const MissCurve curve = MissCurve::random_over(Bytes{8 * bytes_a_mib});
  std::vector<CacheUsers> users{
      {.count = 4, .accesses = 1.0, .set = 8.0 * bytes_a_mib, .misses = &curve}};
  share_cache(users, 16.0 * bytes_a_mib);
  EXPECT_NEAR(users[0].share, 4.0 * bytes_a_mib, 1.0);
}

TEST(CacheShare, a_stream_takes_the_cache_from_a_set_that_fitted) {
  const MissCurve curve = MissCurve::random_over(Bytes{6 * bytes_a_mib});
  CacheUsers fitting{.accesses = 0.02, .set = 6.0 * bytes_a_mib, .misses = &curve};
  CacheUsers stream{.accesses = 0.2, .set = 1024.0 * bytes_a_mib};
  std::vector<CacheUsers> users{fitting, stream};
  share_cache(users, 8.0 * bytes_a_mib);
  EXPECT_LT(users[0].share, 3.0 * bytes_a_mib);
  EXPECT_NEAR(users[0].share + users[1].share, 8.0 * bytes_a_mib, 1.0);
}

// By hand: x = E / 10 MiB of the fitting set, E / 16 MiB = 0.53 (1-x) / (0.53 (1-x) + 0.31).
TEST(CacheShare, share_and_misses_meet_in_their_fixed_point) {
  const MissCurve curve = MissCurve::random_over(Bytes{10 * bytes_a_mib});
  std::vector<CacheUsers> users{{.accesses = 0.53, .set = 10.0 * bytes_a_mib, .misses = &curve},
                                {.accesses = 0.31, .set = 1024.0 * bytes_a_mib}};
  share_cache(users, 16.0 * bytes_a_mib);
  EXPECT_NEAR(users[0].share / bytes_a_mib, 6.25, 0.02);
  EXPECT_NEAR(users[1].share / bytes_a_mib, 9.75, 0.02);
}

TEST(CacheShare, a_miss_curve_is_straight_between_its_points_and_flat_outside) {
  const MissCurve curve{
      {{Bytes{bytes_a_mib}, 0.9}, {Bytes{3 * bytes_a_mib}, 0.3}, {Bytes{11 * bytes_a_mib}, 0.1}}};
  EXPECT_DOUBLE_EQ(curve.at(0.0), 0.9);
  EXPECT_DOUBLE_EQ(curve.at(2.0 * bytes_a_mib), 0.6);
  EXPECT_DOUBLE_EQ(curve.at(7.0 * bytes_a_mib), 0.2);
  EXPECT_DOUBLE_EQ(curve.at(99.0 * bytes_a_mib), 0.1);
}

// Measured: mcf of SPEC CPU2006 alone with 1 to 11 cache ways (pbbcache/cachesim, metrics.csv), the
// program that this rule met worst. Inputs: 1, 3 and 11 ways.
TEST(CacheShare, a_program_is_predicted_from_three_cache_sizes) {
  const MissCurve misses{{{Bytes{1}, 53.593}, {Bytes{3}, 31.685}, {Bytes{11}, 19.237}}};
  const double stall = (1.0 / 0.36663 - 1.0 / 0.58639) / (53.593 - 19.237);
  const double base = 1.0 / 0.58639 - 19.237 * stall;
  const std::array<std::pair<double, double>, 3> measured{
      {{2, 0.43079}, {5, 0.54573}, {8, 0.58087}}};
  for (const auto& [ways, ipc] : measured) {
    EXPECT_NEAR(1.0 / cpi_with_misses(base, misses.at(ways), stall) / ipc, 1.0, 0.09) << ways;
  }
}

MachineSpec turbo_machine(std::vector<TurboStep> steps) {
  MachineSpec machine = ideal_machine(8);
  machine.clock_base = {2.0e9};
  machine.turbo = std::move(steps);
  return machine;
}

TEST(Turbo, a_complete_table_is_taken_as_it_is) {
  // Xeon E5-2667 v2, 8 cores: Intel's support page 000056901.
  const MachineSpec machine =
      turbo_machine({{1, {4.0e9}}, {2, {3.9e9}}, {3, {3.8e9}}, {4, {3.7e9}}, {8, {3.6e9}}});
  const std::vector<double> factors = turbo_factors(machine, 8);
  ASSERT_EQ(factors.size(), 9U);
  EXPECT_DOUBLE_EQ(factors[1], 1.0);
  EXPECT_DOUBLE_EQ(factors[3], 3.8 / 4.0);
  EXPECT_DOUBLE_EQ(factors[5], 0.9);
  EXPECT_DOUBLE_EQ(factors[8], 0.9);
  EXPECT_FALSE(turbo_is_guessed(machine));
}

TEST(Turbo, what_the_table_leaves_open_falls_to_85_percent_in_steps_of_100_mhz) {
  const MachineSpec machine = turbo_machine({{1, {4.0e9}}});
  const std::vector<double> factors = turbo_factors(machine, 8);
  EXPECT_DOUBLE_EQ(factors[2], 1.0);
  EXPECT_DOUBLE_EQ(factors[8], 0.85);
  for (std::uint32_t n = 2; n <= 8; ++n) {
    EXPECT_LE(factors[n], factors[n - 1]);
  }
  EXPECT_TRUE(turbo_is_guessed(machine));
}

TEST(Turbo, without_a_table_the_clock_is_constant) {
  EXPECT_TRUE(turbo_factors(turbo_machine({}), 8).empty());
  EXPECT_TRUE(turbo_factors(turbo_machine({{8, {3.0e9}}}), 8).empty());
}

// Measured: fetch-add of 2 to 6 threads on one line of a Skylake client, ns an operation for each
// thread; one slope, 23.3 ns (travisdowns/concurrency-hierarchy-bench).
TEST(Coherence, operations_on_one_line_form_one_queue) {
  EXPECT_DOUBLE_EQ(contended_ns(1.0, 23.3, 5.9), 5.9);
  EXPECT_DOUBLE_EQ(contended_ns(4.0, 23.3, 5.9), 93.2);
  const LineTransfer line{.ns = {10.0, 40.0, 80.0, 200.0}};
  EXPECT_DOUBLE_EQ(mean_transfer_ns({0.0, 1.0, 0.0, 1.0}, line), 120.0);
}

MachineSpec two_measured_sockets() {
  RegularMachine regular;
  regular.packages = 2;
  regular.core_kinds = {{.count = 4}};
  regular.caches = {{.level = 1, .size = Bytes{32 << 10}},
                    {.level = 2, .type = CacheSpec::Type::unified, .size = Bytes{bytes_a_mib}},
                    {.level = 3,
                     .type = CacheSpec::Type::unified,
                     .size = Bytes{8 * bytes_a_mib},
                     .sharing = CacheSharing::package}};
  MachineSpec machine = build_regular(regular).value();
  machine.memory_bandwidth_node = {100e9};
  machine.memory_bandwidth_one_core = {12e9};
  machine.memory_local = std::chrono::nanoseconds{80};
  machine.memory_remote = std::chrono::nanoseconds{132};
  return machine;
}

TEST(MemoryPaths, know_own_and_remote_nodes) {
  const MemoryPaths paths{two_measured_sockets()};
  EXPECT_EQ(paths.nodes(), 2U);
  EXPECT_DOUBLE_EQ(paths.latency_ratio(0, 0), 1.0);
  EXPECT_DOUBLE_EQ(paths.latency_ratio(0, 1), 1.65);
  EXPECT_DOUBLE_EQ(paths.path_bandwidth(1, 0), 40.0) << "0.4 of the node's, by default";
  EXPECT_DOUBLE_EQ(paths.lone_stream_ratio(0, 1), 1.65) << "limited by misses in flight";
  EXPECT_EQ(paths.remote_of(0), 1U);
}

TEST(Character, its_parts_of_time_sum_to_one_alone) {
  const MachineSpec machine = two_measured_sockets();
  for (const Pattern pattern : {Pattern::stream, Pattern::random, Pattern::chase}) {
    for (const std::int64_t kib : {16, 500, 3000, 12'000, 400'000}) {
      CharacterSpec spec;
      spec.pattern = pattern;
      spec.set = Bytes{kib << 10};
      ASSERT_FALSE(check_character(spec, machine).has_value());
      const Character it = character_of(spec, machine);
      const double m = it.lone_ratio;
      EXPECT_NEAR(it.core + it.hit * (1.0 - m) + it.miss * m, 1.0, 1e-9) << kib << " KiB";
      EXPECT_GT(it.unit_ns, 0.0);
    }
  }
}

TEST(Character, larger_sets_come_from_farther_away) {
  double before = 0.0;
  for (const std::int64_t kib : {16, 500, 3000, 12'000, 400'000}) {
    CharacterSpec spec;
    spec.pattern = Pattern::chase;
    spec.set = Bytes{kib << 10};
    const double ns = character_of(spec, two_measured_sockets()).unit_ns;
    EXPECT_GT(ns, before) << kib << " KiB";
    before = ns;
  }
  EXPECT_NEAR(before, 80.0, 2.0) << "nearly all from memory";
}

TEST(Character, what_cannot_be_is_refused_with_advice) {
  MachineSpec machine = two_measured_sockets();
  CharacterSpec spec;
  spec.traffic = {64e9};  // a line each ns, 8 ns of stall each
  EXPECT_TRUE(check_character(spec, machine).has_value());
  CharacterSpec far;
  far.pattern = Pattern::stream;
  far.set = Bytes{bytes_a_mib};
  far.place = DataHome::node;
  far.node = 2;
  EXPECT_TRUE(check_character(far, machine).has_value());
  far.place = DataHome::remote;
  EXPECT_FALSE(check_character(far, machine).has_value());
  EXPECT_TRUE(check_character(far, ideal_machine(2)).has_value()) << "one node only";
}

}  // namespace
}  // namespace timeslice::models
