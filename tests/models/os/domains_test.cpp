// Scheduling domains and load averages: the two supports of Linux's balancer.
#include "models/os/domains.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "models/os/load_average.hpp"
#include "tests/models/os/os_bench.hpp"

namespace timeslice::models {
namespace {

using os_bench::small_machine;

/// 2 packages, each a node of 2 caches of 2 cores of 2 CPUs.
MachineSpec two_sockets(double distance) {
  MachineSpec machine = small_machine(8, 2);
  machine.packages = 2;
  for (std::uint32_t core = 0; core < 8; ++core) {
    machine.cores[core] = {.package = core / 4, .kind = 0, .node = core / 4, .llc = core / 2};
  }
  machine.nodes.resize(2);
  machine.node_distance = {10.0, distance, distance, 10.0};
  return machine;
}

TEST(Domains, nest_from_siblings_over_caches_and_packages_to_the_machine) {
  const MachineSpec machine = two_sockets(21.0);
  const CpuMap map{machine};
  const Domains domains{map, machine};
  const auto chain = domains.of(map.position(9));
  ASSERT_EQ(chain.size(), 4U);
  const std::vector<DomainKind> kinds{DomainKind::smt, DomainKind::cache, DomainKind::package,
                                      DomainKind::numa};
  const std::vector<std::uint32_t> weights{2, 4, 8, 16};
  for (std::size_t level = 0; level < chain.size(); ++level) {
    const Domain& domain = domains.at(chain[level]);
    EXPECT_EQ(domain.kind, kinds[level]);
    EXPECT_EQ(domain.weight(), weights[level]);
    EXPECT_EQ(domain.groups.size(), 2U);
    EXPECT_TRUE(domain.contains(map.position(9)));
  }
  EXPECT_EQ(domains.at(chain[0]).imbalance_pct, 110.0);
  EXPECT_EQ(domains.at(chain[1]).imbalance_pct, 117.0);
  EXPECT_EQ(domains.at(chain[3]).numa_imbalance_max, 2U) << "as many as caches in a node";
  EXPECT_EQ(domains.count(), 8U + 4U + 2U + 1U);
}

TEST(Domains, leave_out_levels_that_add_nothing) {
  const MachineSpec machine = small_machine(2);
  const CpuMap map{machine};
  const Domains domains{map, machine};
  ASSERT_EQ(domains.of(0).size(), 1U);
  EXPECT_EQ(domains.at(domains.of(0)[0]).kind, DomainKind::cache);
  EXPECT_FALSE(domains.at(domains.of(0)[0]).spreads_children) << "its groups are single CPUs";
  const MachineSpec one = small_machine(1);
  const CpuMap map_of_one{one};
  EXPECT_TRUE((Domains{map_of_one, one}.of(0).empty()));
}

TEST(Domains, a_distance_above_30_is_too_far_to_place_threads) {
  for (const double distance : {21.0, 32.0}) {
    const MachineSpec machine = two_sockets(distance);
    const CpuMap map{machine};
    const Domains domains{map, machine};
    EXPECT_EQ(domains.at(domains.of(0).back()).far, distance > 30.0);
  }
}

TEST(LoadAverage, forgets_half_in_32_windows_of_1024_us) {
  constexpr std::int64_t window = 1024 * 1024;
  EXPECT_NEAR(remembered(32 * 1024), 0.5, 1e-15);
  EXPECT_NEAR(remembered(100 * 1024 + 77), std::exp2(-(100.0 + 77.0 / 1024.0) / 32.0), 1e-15);
  EXPECT_EQ(remembered(1'000'000'000), 0.0);
  LoadAverage average;
  average.change({.running = 1.0, .able = 2.0, .load = 2048.0});
  average.settle(32 * window);
  EXPECT_NEAR(average.mean().running, 0.5, 1e-12);
  EXPECT_NEAR(average.mean().load, 1024.0, 1e-9);
  average.settle(64 * window);
  EXPECT_NEAR(average.mean().able, 1.5, 1e-12);
}

TEST(LoadAverage, is_the_same_however_often_one_looks) {
  LoadAverage often;
  LoadAverage seldom;
  often.change({.running = 1.0, .able = 1.0, .load = 1024.0});
  seldom.change({.running = 1.0, .able = 1.0, .load = 1024.0});
  for (std::int64_t at = 0; at < 50'000'000; at += 12'345) {
    often.settle(at);
  }
  often.settle(50'000'000);
  seldom.settle(50'000'000);
  EXPECT_NEAR(often.mean().load, seldom.mean().load, 1e-9);
}

TEST(LoadAverage, of_a_cpu_is_the_sum_of_its_threads) {
  LoadAverage cpu;
  LoadAverage one;
  LoadAverage other;
  one.change({.running = 1.0, .able = 1.0, .load = 1024.0});
  other.change({.running = 0.0, .able = 1.0, .load = 335.0});
  cpu.add(one);
  cpu.add(other);
  for (LoadAverage* it : {&cpu, &one, &other}) {
    it->settle(20'000'000);
  }
  EXPECT_NEAR(cpu.mean().load, one.mean().load + other.mean().load, 1e-9);
  cpu.remove(one);
  EXPECT_NEAR(cpu.mean().load, other.mean().load, 1e-9);
  EXPECT_EQ(cpu.present().load, 335.0);
}

}  // namespace
}  // namespace timeslice::models
