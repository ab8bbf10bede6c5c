#include "models/machine/describe.hpp"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "models/machine/hwloc_import.hpp"
#include "models/machine/quantity_text.hpp"
#include "models/machine/regular.hpp"
#include "tests/models/machine/hwloc_text.hpp"

namespace timeslice::models {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

TEST(Describe, folds_parts_that_are_alike) {
  MachineSpec machine = import_hwloc_xml(small_hwloc(), "f.xml").value();
  EXPECT_THAT(describe(machine), HasSubstr("f.xml: 2 packages, 2 cores, 4 CPUs, 2 memory nodes\n"
                                           "  Testium 9\n"
                                           "  source: hwloc XML, format 2.0\n"
                                           "  CPU numbers: 0-3\n"
                                           "  2 x package\n"
                                           "    memory node, 1 GiB\n"
                                           "      L3 8MiB, 1 core\n"
                                           "        core with 2 CPUs, L2 1MiB\n"));
  machine.nodes[1].memory = {2LL << 30};
  EXPECT_THAT(describe(machine), testing::Not(HasSubstr("2 x package")));
}

TEST(Describe, shows_costs_with_where_they_come_from_and_every_warning) {
  MachineSpec machine = import_hwloc_xml(small_hwloc(), "f.xml").value();
  machine.warnings = {"one doubt"};
  EXPECT_THAT(describe(machine), HasSubstr("not measured here: defaults"));
  EXPECT_THAT(describe(machine), HasSubstr("  switch                 1500ns"));
  EXPECT_THAT(describe(machine), HasSubstr("warning: one doubt\n"));
  machine.costs_known = true;
  EXPECT_THAT(describe(machine), HasSubstr("(from the machine's file)"));
  EXPECT_THAT(describe(ideal_machine(4)), HasSubstr("costs: none, by definition"));
}

TEST(Describe, stays_within_60_lines_however_irregular_the_machine) {
  RegularMachine regular;
  regular.packages = 64;
  MachineSpec machine = build_regular(regular).value();
  for (std::size_t i = 0; i < machine.nodes.size(); ++i) {
    machine.nodes[i].memory = {static_cast<std::int64_t>(i + 1) << 30};
  }
  machine.warnings.assign(50, "doubt");
  const std::string text = describe(machine);
  EXPECT_LE(std::ranges::count(text, '\n'), 60);
  EXPECT_THAT(text, HasSubstr("more lines"));
  EXPECT_THAT(text, HasSubstr("and 40 more warnings"));
}

TEST(QuantityText, takes_the_largest_unit_that_is_exact) {
  EXPECT_EQ(to_text(sim::Duration{1500ns}), "1500ns");
  EXPECT_EQ(to_text(sim::Duration{28us}), "28us");
  EXPECT_EQ(to_text(Bytes{32 << 10}), "32KiB");
  EXPECT_EQ(to_text(Bytes{1000}), "1000B");
  EXPECT_EQ(to_text(Hertz{2.6e9}), "2.6GHz");
  EXPECT_EQ(to_text(BytesPerSecond{40.0 * (1LL << 30)}), "40GiB/s");
  EXPECT_EQ(to_text(BytesPerSecond{204.8e9}), "204.8GB/s");
}

}  // namespace
}  // namespace timeslice::models
