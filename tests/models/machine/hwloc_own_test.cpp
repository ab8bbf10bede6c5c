// The importer over topologies of our own (topologies/): regular ones made by hwloc's synthetic
// backend, a hybrid one and broken ones written by hand. The collection of real ones may be absent.

#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "models/machine/hwloc_import.hpp"
#include "tests/models/machine/hwloc_text.hpp"

namespace timeslice::models {
namespace {

std::filesystem::path own_folder() {
  return std::filesystem::path{TIMESLICE_SOURCE_DIR} / "tests/models/machine/topologies";
}

sim::Result<MachineSpec> import(const std::string& file) {
  return import_hwloc_xml(contents(own_folder() / file), file);
}

std::size_t xml_files(const std::filesystem::path& folder) {
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator{folder}) {
    files += entry.path().extension() == ".xml" ? 1U : 0U;
  }
  return files;
}

struct ExpectedOwn {
  const char* file;
  std::uint32_t cpus;
  std::uint32_t cores;
  std::uint32_t nodes;
  std::uint32_t packages;
  std::size_t llcs;
};

TEST(HwlocOwn, every_shape_is_imported_with_its_counts) {
  const std::vector<ExpectedOwn> all{{"two-sockets-numa-smt.xml", 16, 8, 2, 2, 4},
                                     {"four-nodes-no-smt.xml", 8, 8, 4, 1, 4},
                                     {"smt-four.xml", 8, 2, 1, 1, 2},
                                     {"hybrid-2p4e.xml", 8, 6, 1, 1, 1}};
  for (const ExpectedOwn& one : all) {
    const auto result = import(one.file);
    ASSERT_TRUE(result) << one.file << ": " << result.error().what;
    const MachineCounts count = counts(result.value());
    std::set<std::uint32_t> llcs;
    for (const CoreSpec& core : result.value().cores) {
      llcs.insert(core.llc);
    }
    EXPECT_EQ(count.cpus, one.cpus) << one.file;
    EXPECT_EQ(count.cores, one.cores) << one.file;
    EXPECT_EQ(count.numa_nodes, one.nodes) << one.file;
    EXPECT_EQ(count.packages, one.packages) << one.file;
    EXPECT_EQ(llcs.size(), one.llcs) << one.file;
  }
  EXPECT_EQ(xml_files(own_folder()), all.size()) << "no file is left untested";
}

TEST(HwlocOwn, a_hybrid_keeps_its_kinds_siblings_and_speeds) {
  const MachineSpec machine = import("hybrid-2p4e.xml").value();
  std::vector<std::size_t> cpus_of(machine.cores.size());
  for (const CpuSpec& cpu : machine.cpus) {
    ++cpus_of[index_of(cpu.core)];
  }
  EXPECT_THAT(cpus_of, testing::ElementsAre(2, 2, 1, 1, 1, 1));
  EXPECT_DOUBLE_EQ(machine.core_kinds[machine.cores[0].kind].speed, 1.0);
  EXPECT_DOUBLE_EQ(machine.core_kinds[machine.cores[5].kind].speed, 600.0 / 1024.0);
}

TEST(HwlocOwn, every_broken_file_is_refused_for_a_reason_of_its_own) {
  std::set<std::string> reasons;
  for (const auto& entry : std::filesystem::directory_iterator{own_folder() / "broken"}) {
    const auto result = import("broken/" + entry.path().filename().string());
    ASSERT_FALSE(result) << entry.path();
    EXPECT_THAT(result.error().where, testing::HasSubstr(entry.path().filename().string()));
    EXPECT_FALSE(result.error().advice.empty()) << entry.path();
    EXPECT_TRUE(reasons.insert(result.error().what).second)
        << entry.path() << " is refused as another file was: " << result.error().what;
  }
  EXPECT_EQ(reasons.size(), 10U);
}

}  // namespace
}  // namespace timeslice::models
