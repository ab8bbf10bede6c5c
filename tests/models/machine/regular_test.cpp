#include "models/machine/regular.hpp"

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace timeslice::models {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

RegularMachine two_sockets() {
  RegularMachine regular;
  regular.packages = 2;
  regular.core_kinds = {{.name = "core", .count = 4, .smt = 2, .speed = 1.0}};
  regular.caches = {{.level = 1, .size = {32 << 10}},
                    {.level = 2, .type = CacheSpec::Type::unified, .size = {1 << 20}},
                    {.level = 3,
                     .type = CacheSpec::Type::unified,
                     .size = {16 << 20},
                     .sharing = CacheSharing::cores,
                     .cores = 2}};
  regular.memory = {8LL << 30};
  return regular;
}

std::vector<std::uint32_t> core_numbers(const MachineSpec& machine) {
  std::vector<std::uint32_t> numbers;
  for (const CpuSpec& cpu : machine.cpus) {
    numbers.push_back(static_cast<std::uint32_t>(cpu.core));
  }
  return numbers;
}

TEST(RegularMachine, has_packages_times_cores_times_threads_cpus) {
  const MachineSpec machine = build_regular(two_sockets()).value();
  const MachineCounts count = counts(machine);
  EXPECT_EQ(count.packages, 2U);
  EXPECT_EQ(count.cores, 8U);
  EXPECT_EQ(count.cpus, 16U);
  EXPECT_EQ(count.numa_nodes, 2U);
}

TEST(RegularMachine, numbers_the_first_thread_of_every_core_before_any_sibling) {
  const MachineSpec machine = build_regular(two_sockets()).value();
  EXPECT_THAT(core_numbers(machine), ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7));
  for (std::uint32_t i = 0; i < machine.cpus.size(); ++i) {
    EXPECT_EQ(machine.cpus[i].os_index, i);
  }
}

TEST(RegularMachine, gives_siblings_only_to_the_kinds_that_have_them) {
  RegularMachine hybrid;
  hybrid.core_kinds = {{.name = "P", .count = 2, .smt = 2, .speed = 1.0},
                       {.name = "E", .count = 2, .smt = 1, .speed = 0.5}};
  const MachineSpec machine = build_regular(hybrid).value();
  EXPECT_THAT(core_numbers(machine), ElementsAre(0, 1, 2, 3, 0, 1));
  EXPECT_EQ(machine.cores[1].kind, 0U);
  EXPECT_EQ(machine.cores[2].kind, 1U);
  EXPECT_DOUBLE_EQ(machine.core_kinds[1].speed, 0.5);
}

TEST(RegularMachine, places_cores_in_the_domains_of_their_last_cache_and_node) {
  const MachineSpec machine = build_regular(two_sockets()).value();
  std::vector<std::uint32_t> llc;
  std::vector<std::uint32_t> node;
  for (const CoreSpec& core : machine.cores) {
    llc.push_back(core.llc);
    node.push_back(core.node);
  }
  EXPECT_THAT(llc, ElementsAre(0, 0, 1, 1, 2, 2, 3, 3));
  EXPECT_THAT(node, ElementsAre(0, 0, 0, 0, 1, 1, 1, 1));
  EXPECT_EQ(machine.nodes[1].memory, Bytes{4LL << 30});
  EXPECT_EQ(machine.caches.size(), 8U + 8U + 4U);
  EXPECT_THAT(machine.caches.back().cores, ElementsAre(CoreId{6}, CoreId{7}));
}

TEST(RegularMachine, without_caches_shares_the_last_level_by_package) {
  RegularMachine regular = two_sockets();
  regular.caches.clear();
  const MachineSpec machine = build_regular(regular).value();
  EXPECT_EQ(machine.cores[3].llc, 0U);
  EXPECT_EQ(machine.cores[4].llc, 1U);
}

struct Refusal {
  const char* where;
  const char* what;
  RegularMachine regular;
};

std::vector<Refusal> refusals() {
  std::vector<Refusal> all;
  const auto add = [&all](const char* where, const char* what) -> RegularMachine& {
    return all.emplace_back(Refusal{where, what, two_sockets()}).regular;
  };
  add("packages", "0 packages").packages = 0;
  add("cores", "without cores").core_kinds.clear();
  add("cores", "0 cores").core_kinds[0].count = 0;
  add("smt", "9 threads").core_kinds[0].smt = 9;
  add("cores", "CPUs are more than the limit").core_kinds[0].count = 40'000;
  add("core_kinds", "no core kind has speed 1").core_kinds[0].speed = 0.9;
  add("core_kinds", "has speed 0").core_kinds[0].speed = 0.0;
  add("caches.l3", "cannot share it by 3").caches[2].cores = 3;
  add("caches.l1d", "a cache of 12 bytes").caches[0].size = {12};
  add("caches.l2", "line of 48 bytes").caches[1].line = {48};
  add("memory.nodes", "do not spread evenly over 3").nodes_per_package = 3;
  add("memory.size", "-1 bytes").memory = {-1};
  return all;
}

TEST(RegularMachine, refuses_what_cannot_be_built_and_names_the_key) {
  for (const Refusal& refusal : refusals()) {
    const auto result = build_regular(refusal.regular);
    ASSERT_FALSE(result) << refusal.what;
    EXPECT_EQ(result.error().where, refusal.where);
    EXPECT_THAT(result.error().what, HasSubstr(refusal.what));
    EXPECT_FALSE(result.error().advice.empty());
  }
}

TEST(RegularMachine, holds_up_to_the_limit_of_65536_cpus) {
  RegularMachine regular;
  regular.packages = 64;
  regular.core_kinds = {{.name = "core", .count = 512, .smt = 2, .speed = 1.0}};
  EXPECT_EQ(counts(build_regular(regular).value()).cpus, max_cpus);
}

TEST(IdealMachine, costs_nothing_and_says_that_this_is_known) {
  const MachineSpec machine = ideal_machine(5);
  EXPECT_EQ(machine.name, "ideal-5");
  EXPECT_EQ(counts(machine).cores, 5U);
  EXPECT_EQ(counts(machine).cpus, 5U);
  EXPECT_EQ(machine.costs.context_switch, sim::Duration::zero());
  EXPECT_EQ(machine.costs.page_fault, sim::Duration::zero());
  EXPECT_TRUE(machine.costs_known);
  EXPECT_TRUE(machine.speed_known);
  EXPECT_TRUE(machine.warnings.empty());
}

}  // namespace
}  // namespace timeslice::models
