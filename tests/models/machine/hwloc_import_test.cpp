#include "models/machine/hwloc_import.hpp"

#include <algorithm>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/models/machine/hwloc_text.hpp"

namespace timeslice::models {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

MachineSpec imported(const std::string& text) {
  const auto result = import_hwloc_xml(text, "f.xml");
  EXPECT_TRUE(result) << (result ? "" : result.error().what);
  return result ? result.value() : MachineSpec{};
}

TEST(HwlocImport, keeps_packages_cores_threads_caches_and_nodes) {
  const MachineSpec machine = imported(small_hwloc());
  const MachineCounts count = counts(machine);
  EXPECT_EQ(count.packages, 2U);
  EXPECT_EQ(count.cores, 2U);
  EXPECT_EQ(count.cpus, 4U);
  EXPECT_EQ(count.numa_nodes, 2U);
  EXPECT_EQ(machine.cpus[2].os_index, 2U);
  EXPECT_EQ(machine.cpus[2].core, CoreId{0});
  EXPECT_EQ(machine.cpus[3].core, CoreId{1});
  EXPECT_EQ(machine.cores[1].package, 1U);
  EXPECT_EQ(machine.cores[1].node, 1U);
  EXPECT_EQ(machine.cores[1].llc, 1U);
  EXPECT_EQ(machine.caches.size(), 4U);
  EXPECT_EQ(machine.caches[0].size, Bytes{8 << 20});
  EXPECT_EQ(machine.nodes[1].memory, Bytes{1 << 30});
  EXPECT_THAT(machine.node_distance, ElementsAre(10, 20, 20, 10));
  EXPECT_EQ(machine.about, "Testium 9");
  EXPECT_THAT(machine.warnings, IsEmpty());
}

TEST(HwlocImport, says_that_nobody_measured_speeds_and_costs) {
  const MachineSpec machine = imported(small_hwloc());
  EXPECT_FALSE(machine.costs_known);
  EXPECT_FALSE(machine.speed_known);
}

TEST(HwlocImport, takes_a_byte_order_mark_and_a_file_without_document_type) {
  std::string text = changed(small_hwloc(), "<!DOCTYPE topology SYSTEM \"hwloc2.dtd\">\n", "");
  EXPECT_EQ(counts(imported("\xEF\xBB\xBF" + text)).cpus, 4U);
}

TEST(HwlocImport, leaves_out_cpus_and_nodes_that_are_not_allowed) {
  const std::string text =
      changed(changed(small_hwloc(), "allowed_cpuset=\"0x0000000f\"", "allowed_cpuset=\"0x5\""),
              "allowed_nodeset=\"0x3\"", "allowed_nodeset=\"0x1\"");
  const MachineSpec machine = imported(text);
  EXPECT_EQ(counts(machine).cpus, 2U);
  EXPECT_EQ(counts(machine).packages, 1U);
  EXPECT_EQ(counts(machine).numa_nodes, 1U);
  EXPECT_THAT(machine.warnings, Contains(HasSubstr("2 of 4 listed CPUs are offline")));
}

TEST(HwlocImport, without_cores_takes_each_cpu_for_one) {
  std::string text = small_hwloc();
  for (int i = 0; i < 2; ++i) {
    text = changed(text, "<object type=\"Core\"", "<object type=\"Group\"");
  }
  const MachineSpec machine = imported(text);
  EXPECT_EQ(counts(machine).cores, 4U);
  EXPECT_THAT(machine.warnings, Contains(HasSubstr("no Core objects for 4 CPUs")));
}

TEST(HwlocImport, takes_speeds_of_core_kinds_from_capacities) {
  const MachineSpec machine = imported(changed(
      small_hwloc(), "</topology>",
      "<cpukind cpuset=\"0x5\"><info name=\"LinuxCapacity\" value=\"1024\"/></cpukind>"
      "<cpukind cpuset=\"0xa\"><info name=\"LinuxCapacity\" value=\"512\"/></cpukind></topology>"));
  ASSERT_EQ(machine.core_kinds.size(), 2U);
  EXPECT_DOUBLE_EQ(machine.core_kinds[machine.cores[0].kind].speed, 1.0);
  EXPECT_DOUBLE_EQ(machine.core_kinds[machine.cores[1].kind].speed, 0.5);
  EXPECT_THAT(machine.warnings, IsEmpty());
}

TEST(HwlocImport, warns_where_core_kinds_have_clocks_or_nothing_only) {
  const std::string kinds =
      "<cpukind cpuset=\"0x5\"><info name=\"FrequencyMaxMHz\" value=\"4000\"/></cpukind>"
      "<cpukind cpuset=\"0xa\"><info name=\"FrequencyMaxMHz\" value=\"3000\"/></cpukind>";
  const MachineSpec clocked =
      imported(changed(small_hwloc(), "</topology>", kinds + "</topology>"));
  EXPECT_DOUBLE_EQ(clocked.core_kinds[1].speed, 0.75);
  EXPECT_THAT(clocked.warnings, Contains(HasSubstr("highest clock only")));
  const MachineSpec bare =
      imported(changed(small_hwloc(), "</topology>", "<cpukind cpuset=\"0x5\"/></topology>"));
  EXPECT_DOUBLE_EQ(bare.core_kinds[1].speed, 1.0);
  EXPECT_THAT(bare.warnings, Contains(HasSubstr("does not say how fast")));
}

TEST(HwlocImport, shows_no_control_bytes_of_the_file) {
  const MachineSpec machine = imported(changed(small_hwloc(), "Testium   9 ", "A&#27;[31mB"));
  EXPECT_EQ(machine.about, "A?[31mB");
}

struct Change {
  const char* from;
  const char* to;
  const char* where;
  const char* what;
};

TEST(HwlocImport, refuses_contradictions_with_line_and_reason) {
  const std::vector<Change> changes{
      {"version=\"2.0\"", "version=\"3.0\"", "f.xml:3", "format 3.0 is not read"},
      {"version=\"2.0\"", "version=\"9.7\"", "f.xml:3", "format 9.7 is not read"},
      {"<topology version", "<svg version", "f.xml:27", "should close line 3"},
      {"PU\" os_index=\"2\"", "PU\"", "f.xml:12", "a PU without os_index"},
      {"PU\" os_index=\"2\"", "PU\" os_index=\"0\"", "f.xml:12", "a second PU with os_index 0"},
      {"PU\" os_index=\"2\"", "PU\" os_index=\"70000\"", "f.xml:12", "os_index '70000' of a PU"},
      {"PU\" os_index=\"2\"", "PU\" os_index=\"5\"", "f.xml:12", "PU 5 has a cpuset of other CPUs"},
      {"PU\" os_index=\"2\"", "PX\" os_index=\"2\"", "f.xml:12", "unknown type of object 'PX'"},
      {"NUMANode\" os_index=\"1\"", "NUMANode\" os_index=\"0\"", "f.xml:15",
       "a second NUMANode with os_index 0"},
      {"cpuset=\"0x00000004\"", "cpuset=\"0xg\"", "f.xml:12", "'0xg' is not a set"},
      {"cpuset=\"0x00000004\"", "cpuset=\"0x00000040\"", "f.xml:12",
       "reaches outside the object that contains it (line 10)"},
      {"\"8388608\"", "\"-1\"", "f.xml:8", "a cache of negative size -1"},
      {"\"8388608\"", "\"9223372036854775808\"", "f.xml:8", "a cache of 9223372036854775808 bytes"},
      {"cache_linesize=\"64\"", "cache_linesize=\"0\"", "f.xml:8", "lines of 0 bytes"},
      {"cache_linesize=\"64\"", "cache_linesize=\"63\"", "f.xml:8", "line of '63' bytes"},
      {"depth=\"3\"", "depth=\"7\"", "f.xml:8", "without a level from 1 to 5"},
      {"local_memory=\"1073741824\"", "local_memory=\"much\"", "f.xml:7", "local_memory 'much'"},
      {"nbobjs=\"2\"", "nbobjs=\"0\"", "f.xml:23", "between '0' objects"},
      {"nbobjs=\"2\"", "nbobjs=\"3\"", "f.xml:23", "3 objects with 2 indexes and 4 values"},
      {">0 1 <", ">0 7 <", "f.xml:23", "memory node 7, which is not there"},
      {"10 20 20 10", "10 20 x 10", "f.xml:25", "something else than numbers"},
      {"10 20 20 10", "90 20 20 90", "f.xml:23", "nearer to node 1 (distance 20) than to itself"},
      {"type=\"Package\" os_index=\"1\"", "type=\"Machine\" os_index=\"1\"", "f.xml:14",
       "a Machine inside the machine"},
      {"type=\"L3Cache\"", "type=\"Package\"", "f.xml:8", "a Package inside a Package"},
      {"</topology>", "<cpukind cpuset=\"?\"/></topology>", "f.xml:27", "a kind of CPU for '?'"},
      {"allowed_cpuset=\"0x0000000f\"", "allowed_cpuset=\"0x0\"", "f.xml", "no CPU"},
  };
  for (const Change& change : changes) {
    const std::string text = changed(small_hwloc(), change.from, change.to);
    ASSERT_FALSE(text.empty()) << change.from;
    const auto result = import_hwloc_xml(text, "f.xml");
    ASSERT_FALSE(result) << change.what;
    EXPECT_THAT(result.error().what, HasSubstr(change.what));
    EXPECT_EQ(result.error().where, change.where) << change.what;
    EXPECT_FALSE(result.error().advice.empty()) << change.what;
  }
}

TEST(HwlocImport, tells_how_to_export_an_older_format) {
  const auto result =
      import_hwloc_xml(changed(small_hwloc(), "version=\"2.0\"", "version=\"3.0\""), "f.xml");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().advice, "export format 2: lstopo --export-xml-flags v2 F.xml");
}

TEST(HwlocImport, refuses_bytes_that_are_no_text) {
  const auto what = [](const std::string& text) {
    return import_hwloc_xml(text, "f").error().what;
  };
  EXPECT_EQ(what(""), "the file is empty");
  EXPECT_EQ(what(std::string("<a>\n\0</a>", 9)), "a NUL byte in the text");
  EXPECT_EQ(what("\xFF\xFE<\0"), "the file is UTF-16");
  EXPECT_EQ(what("<a x='\xC0'/>"), "the text is not UTF-8");
  EXPECT_THAT(what(std::string(max_hwloc_bytes + 1, ' ')), HasSubstr("more than 16 MiB"));
}

TEST(HwlocImport, is_not_moved_by_hwlocs_environment_variables) {
  ::setenv("HWLOC_XMLFILE", "/dev/null", 1);
  ::setenv("HWLOC_COMPONENTS", "-xml", 1);
  EXPECT_EQ(counts(imported(small_hwloc())).cpus, 4U);
  ::unsetenv("HWLOC_XMLFILE");
  ::unsetenv("HWLOC_COMPONENTS");
}

TEST(HwlocImport, survives_random_changes_and_never_returns_dangling_indexes) {
  constexpr unsigned seed = 11;
  std::mt19937 random{seed};
  const std::string whole = small_hwloc();
  int accepted = 0;
  for (unsigned i = 0; i < 4'000; ++i) {
    std::string text = whole;
    for (unsigned k = 0; k < 1 + i % 3; ++k) {
      text[random() % text.size()] = "0123456789abcdefx<>/\" -"[random() % 23];
    }
    const auto result = import_hwloc_xml(text, "f.xml");
    if (!result) {
      EXPECT_THAT(result.error().where, HasSubstr("f.xml"));
      continue;
    }
    ++accepted;
    const MachineSpec& machine = result.value();
    for (const CoreSpec& core : machine.cores) {
      EXPECT_LT(core.package, machine.packages) << "seed " << seed << ", round " << i;
      EXPECT_LT(core.kind, machine.core_kinds.size());
      EXPECT_LT(core.node, machine.nodes.size());
    }
    for (const CpuSpec& cpu : machine.cpus) {
      EXPECT_LT(index_of(cpu.core), machine.cores.size());
    }
  }
  EXPECT_GT(accepted, 100) << "the changes should not all break the file";
}

}  // namespace
}  // namespace timeslice::models
