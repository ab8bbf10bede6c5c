#include "models/machine/topology.hpp"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "models/machine/regular.hpp"

namespace timeslice::models {
namespace {

using testing::ElementsAre;

/// Two packages of two L3 groups of two cores with two threads: CPUs 0-7 and siblings 8-15.
MachineSpec small_server() {
  RegularMachine regular;
  regular.packages = 2;
  regular.core_kinds = {{.name = "core", .count = 4, .smt = 2, .speed = 1.0}};
  regular.caches = {{.level = 3,
                     .type = CacheSpec::Type::unified,
                     .size = {16 << 20},
                     .sharing = CacheSharing::cores,
                     .cores = 2}};
  return build_regular(regular).value();
}

TEST(Topology, knows_what_each_part_contains) {
  const Topology topology{small_server()};
  EXPECT_THAT(topology.siblings(CpuId{9}), ElementsAre(CpuId{1}, CpuId{9}));
  EXPECT_THAT(topology.cpus_of_core(CoreId{7}), ElementsAre(CpuId{7}, CpuId{15}));
  EXPECT_THAT(topology.cpus_of_llc(1), ElementsAre(CpuId{2}, CpuId{3}, CpuId{10}, CpuId{11}));
  EXPECT_EQ(topology.cpus_of_node(1), topology.cpus_of_package(1));
  EXPECT_EQ(topology.cpus_of_package(1).size(), 8U);
  EXPECT_EQ(topology.llc_count(), 4U);
}

TEST(Topology, orders_cpus_from_the_nearest) {
  const Topology topology{small_server()};
  const auto order = topology.nearest_first(CpuId{10});
  EXPECT_THAT(order, ElementsAre(CpuId{10}, CpuId{2}, CpuId{3}, CpuId{11}, CpuId{0}, CpuId{1},
                                 CpuId{8}, CpuId{9}, CpuId{4}, CpuId{5}, CpuId{6}, CpuId{7},
                                 CpuId{12}, CpuId{13}, CpuId{14}, CpuId{15}));
}

TEST(Topology, nearness_is_the_same_from_both_sides) {
  const Topology topology{small_server()};
  for (std::uint32_t a = 0; a < 16; ++a) {
    for (std::uint32_t b = 0; b < 16; ++b) {
      EXPECT_EQ(topology.nearness(CpuId{a}, CpuId{b}), topology.nearness(CpuId{b}, CpuId{a}));
    }
  }
  EXPECT_EQ(topology.nearness(CpuId{0}, CpuId{8}), Nearness::same_core);
  EXPECT_EQ(topology.nearness(CpuId{0}, CpuId{9}), Nearness::same_llc);
  EXPECT_EQ(topology.nearness(CpuId{0}, CpuId{2}), Nearness::same_node);
  EXPECT_EQ(topology.nearness(CpuId{0}, CpuId{4}), Nearness::other);
}

TEST(Topology, tells_nodes_of_one_package_apart) {
  RegularMachine regular;
  regular.core_kinds.front().count = 4;
  regular.nodes_per_package = 2;
  MachineSpec machine = build_regular(regular).value();
  for (std::uint32_t i = 0; i < 4; ++i) {
    machine.cores[i].llc = i;  // each its own
  }
  const Topology topology{machine};
  EXPECT_EQ(topology.nearness(CpuId{0}, CpuId{1}), Nearness::same_node);
  EXPECT_EQ(topology.nearness(CpuId{0}, CpuId{2}), Nearness::same_package);
}

TEST(Topology, every_cpu_is_in_exactly_one_part_of_each_kind) {
  const MachineSpec machine = small_server();
  const Topology topology{machine};
  std::vector<CpuId> all;
  for (std::uint32_t llc = 0; llc < topology.llc_count(); ++llc) {
    const auto part = topology.cpus_of_llc(llc);
    all.insert(all.end(), part.begin(), part.end());
  }
  std::ranges::sort(all);
  EXPECT_EQ(all.size(), machine.cpus.size());
  EXPECT_TRUE(std::ranges::adjacent_find(all) == all.end());
}

}  // namespace
}  // namespace timeslice::models
