#include "models/machine/machine_yaml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "models/machine/hwloc_import.hpp"
#include "models/machine/regular.hpp"
#include "tests/models/machine/hwloc_text.hpp"

namespace timeslice::models {
namespace {

using testing::HasSubstr;

TEST(MachineYaml, says_a_regular_machine_in_the_keys_of_machine_files) {
  const MachineSpec machine = import_hwloc_xml(small_hwloc(), "f.xml").value();
  EXPECT_EQ(to_machine_yaml(machine).value(),
            "# Not said here: the distances between its memory nodes; see memory: remote.\n"
            "name: \"f.xml\"\n"
            "about: \"Testium 9\"\n"
            "source: \"hwloc XML, format 2.0\"\n"
            "packages: 2\n"
            "cores: 1\n"
            "smt: 2\n"
            "caches:\n"
            "  l2: 1MiB shared by package\n"
            "  l3: 8MiB shared by package\n"
            "memory:\n"
            "  nodes: 1\n"
            "  size: 2GiB\n"
            "smt_gain: 1.25\n"
            "# costs: not measured here; the defaults of the reference guest apply.\n");
}

TEST(MachineYaml, writes_costs_and_speed_only_where_they_are_known) {
  MachineSpec machine = ideal_machine(2);
  EXPECT_THAT(to_machine_yaml(machine).value(), HasSubstr("costs:\n  switch: 0s\n"));
  EXPECT_THAT(to_machine_yaml(machine).value(), HasSubstr("speed: {python: 1, native: 1"));
  machine.speed_known = false;
  EXPECT_THAT(to_machine_yaml(machine).value(), testing::Not(HasSubstr("speed:")));
}

TEST(MachineYaml, quotes_text_so_that_it_stays_text) {
  MachineSpec machine = ideal_machine(1);
  machine.about = "a \"b\" \\ c: #d\n";
  EXPECT_THAT(to_machine_yaml(machine).value(), HasSubstr("about: \"a \\\"b\\\" \\\\ c: #d?\"\n"));
}

TEST(MachineYaml, refuses_a_machine_whose_parts_differ) {
  MachineSpec machine = import_hwloc_xml(small_hwloc(), "f.xml").value();
  machine.caches.front().size = {4 << 20};
  const auto result = to_machine_yaml(machine);
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().what, HasSubstr("not alike"));
  EXPECT_THAT(result.error().advice, HasSubstr("extends"));
}

TEST(MachineYaml, refuses_packages_that_share_a_memory_node) {
  MachineSpec machine = import_hwloc_xml(small_hwloc(), "f.xml").value();
  machine.nodes.resize(1);
  machine.cores[1].node = 0;
  const auto result = to_machine_yaml(machine);
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().what, HasSubstr("2 packages with 1 memory nodes"));
}

}  // namespace
}  // namespace timeslice::models
