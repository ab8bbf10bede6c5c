// The importer over the collection of 32 real, 4 synthetic, 5 too new and 26 broken topologies.
// The collection is not part of the repository: without it these tests are skipped.

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "models/machine/hwloc_import.hpp"
#include "tests/models/machine/hwloc_text.hpp"

namespace timeslice::models {
namespace {

using testing::HasSubstr;

class HwlocCollection : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::is_directory(hwloc_folder())) {
      GTEST_SKIP()
          << "no collection of topologies beside the repository; name it in TIMESLICE_DATA";
    }
  }

  static sim::Result<MachineSpec> import(const std::string& file) {
    return import_hwloc_xml(contents(hwloc_folder() / file),
                            std::filesystem::path{file}.filename().string());
  }
};

struct Expected {
  const char* file;
  std::uint32_t cpus;
  std::uint32_t cores;
  std::uint32_t nodes;
  std::uint32_t packages;
  std::uint32_t llcs;
};

// Usable CPUs, cores, nodes and packages as libhwloc 2.9.0 counts them. Two differ by our rule that
// missing Core and Package objects count as one core a CPU and one package (8intel64: 8/0/4/0).
// Last-level caches without cache data: one a package.
const std::vector<Expected>& expected() {
  static const std::vector<Expected> all{
      {"real/2arm-2c.xml", 2, 2, 1, 1, 1},
      {"real/2i386-2c-nohugepage.xml", 2, 2, 1, 1, 1},
      {"real/8em64t-2s4c-asymcaches.xml", 8, 8, 1, 2, 5},
      {"real/16em64t-4s2c2t.xml", 16, 8, 1, 4, 4},
      {"real/16em64t-4s2c2t-offlines.xml", 7, 6, 1, 4, 4},
      {"real/offline-cpu0-node0.xml", 17, 17, 1, 2, 2},
      {"real/16amd64-8n2c-cpusets.xml", 10, 10, 5, 6, 10},
      {"real/16amd64-4distances.xml", 16, 16, 8, 8, 16},
      {"real/20em64t-hybrid-1p6c2t+2ca4co1t.xml", 20, 14, 1, 1, 1},
      {"real/x86-Intel-RaptorLake-Corei7-1370P.xml", 20, 14, 1, 1, 1},
      {"real/nvidia-dgx-gb10.xml", 20, 20, 1, 1, 2},
      {"real/20s390-2g6s4c.xml", 20, 20, 1, 8, 8},
      {"real/28intel64-2p2g7c-CoDgroups.v2.xml", 28, 28, 4, 2, 2},
      {"real/28intel64-2p2g7c-CoDgroups.v1.xml", 28, 28, 4, 2, 2},
      {"real/32em64t-2n8c2t-noio.xml", 32, 16, 2, 2, 2},
      {"real/48amd64-4pa2n6c-sparse.xml", 48, 48, 8, 4, 8},
      {"real/96em64t-4n4d3ca2co-pci.xml", 96, 96, 4, 16, 16},
      {"real/128arm-2pa2n8cluster4co.xml", 128, 128, 4, 2, 4},
      {"real/128ia64-17n4s2c.xml", 128, 128, 17, 64, 64},
      {"real/192em64t-12gr2n8c2t.xml", 384, 192, 24, 24, 24},
      {"real/256ia64-64n2s2c.xml", 256, 256, 64, 128, 128},
      {"real/256ppc-8n8s4t.xml", 256, 64, 8, 64, 64},
      {"real/power8gpudistances.xml", 16, 8, 2, 2, 8},
      {"real/memorysidecaches.xml", 80, 40, 4, 2, 2},
      {"real/8intel64-4n2t-memattrs.xml", 8, 8, 4, 1, 1},
      {"real/64intel64-fakeKNL-SNC4-hybrid.xml", 64, 16, 8, 1, 8},
      {"real/fakecpukinds.xml", 4, 2, 1, 1, 1},
      {"real/x86-AMD-19h-Zen4-2xEpyc-9654.xml", 384, 192, 1, 2, 24},
      {"real/x86-AMD-17h-Zen-2xEpyc-7451.xml", 96, 48, 1, 2, 16},
      {"real/x86-AMD-1Ah-Zen5StrixPoint-RyzenAI9HX370.xml", 24, 12, 1, 1, 2},
      {"real/x86-Intel-SapphireRapids-2xXeonMax9460.xml", 160, 80, 1, 2, 2},
      {"real/x86-Intel-IvyBridge-12xXeon-E5-4620v2.xml", 192, 96, 1, 12, 12},
      {"synthetic/synth-1s8c2t.xml", 16, 8, 1, 1, 1},
      {"synthetic/synth-2s4n-ccx.xml", 64, 32, 4, 2, 8},
      {"synthetic/synth-2s8c2t.xml", 32, 16, 2, 2, 2},
      {"synthetic/synth-4c-noSMT.xml", 4, 4, 1, 1, 1},
  };
  return all;
}

TEST_F(HwlocCollection, every_real_and_synthetic_machine_is_imported_with_its_counts) {
  for (const Expected& one : expected()) {
    const auto result = import(one.file);
    ASSERT_TRUE(result) << one.file << ": " << result.error().what;
    const MachineSpec& machine = result.value();
    const MachineCounts count = counts(machine);
    std::set<std::uint32_t> llcs;
    for (const CoreSpec& core : machine.cores) {
      llcs.insert(core.llc);
    }
    EXPECT_EQ(count.cpus, one.cpus) << one.file;
    EXPECT_EQ(count.cores, one.cores) << one.file;
    EXPECT_EQ(count.numa_nodes, one.nodes) << one.file;
    EXPECT_EQ(count.packages, one.packages) << one.file;
    EXPECT_EQ(llcs.size(), one.llcs) << one.file;
  }
}

TEST_F(HwlocCollection, no_file_of_the_collection_is_left_untested) {
  std::size_t files = 0;
  for (const char* folder : {"real", "synthetic"}) {
    for (const auto& entry : std::filesystem::directory_iterator{hwloc_folder() / folder}) {
      files += entry.path().extension() == ".xml" ? 1U : 0U;
    }
  }
  EXPECT_EQ(files, expected().size());
}

TEST_F(HwlocCollection, the_old_and_the_new_format_of_one_machine_agree) {
  const MachineSpec one = import("real/28intel64-2p2g7c-CoDgroups.v1.xml").value();
  const MachineSpec two = import("real/28intel64-2p2g7c-CoDgroups.v2.xml").value();
  ASSERT_EQ(one.cores.size(), two.cores.size());
  for (std::size_t i = 0; i < one.cores.size(); ++i) {
    EXPECT_EQ(one.cores[i].package, two.cores[i].package);
    EXPECT_EQ(one.cores[i].node, two.cores[i].node);
    EXPECT_EQ(one.cpus[i].os_index, two.cpus[i].os_index);
  }
  EXPECT_EQ(one.node_distance, two.node_distance);
}

TEST_F(HwlocCollection, format_3_is_refused_with_the_way_to_export_format_2) {
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator{hwloc_folder() / "v3"}) {
    const auto result = import("v3/" + entry.path().filename().string());
    ASSERT_FALSE(result) << entry.path();
    EXPECT_THAT(result.error().what, HasSubstr("format 3.0"));
    EXPECT_THAT(result.error().advice, HasSubstr("lstopo --export-xml-flags v2"));
    ++files;
  }
  EXPECT_EQ(files, 5U);
}

TEST_F(HwlocCollection, every_broken_file_is_refused_for_a_reason_of_its_own) {
  std::set<std::string> reasons;
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator{hwloc_folder() / "bad"}) {
    const auto result = import("bad/" + entry.path().filename().string());
    ASSERT_FALSE(result) << entry.path();
    EXPECT_THAT(result.error().where, HasSubstr(entry.path().filename().string()));
    EXPECT_FALSE(result.error().advice.empty());
    EXPECT_TRUE(reasons.insert(result.error().what).second)
        << entry.path() << " is refused as another file was: " << result.error().what;
    ++files;
  }
  EXPECT_EQ(files, 26U);
}

struct Reason {
  const char* file;
  const char* what;
};

TEST_F(HwlocCollection, what_libhwloc_swallows_silently_is_named) {
  const std::vector<Reason> swallowed{
      {"bad/08-no-pu.xml", "no PU"},
      {"bad/09-pu-without-os-index.xml", "a PU without os_index"},
      {"bad/10-duplicate-pu-os-index.xml", "a second PU with os_index 1"},
      {"bad/11-cpuset-not-hex.xml", "cpuset 'zebra' is not a set of numbers"},
      {"bad/12-child-outside-parent-cpuset.xml", "reaches outside the object that contains it"},
      {"bad/13-negative-cache-size.xml", "a cache of negative size"},
      {"bad/14-overflow-cache-size.xml", "a cache of 99999999999999999999999 bytes"},
      {"bad/15-zero-cache-line.xml", "a cache with lines of 0 bytes"},
      {"bad/18-distances-unknown-node.xml", "memory node 77, which is not there"},
      {"bad/19-distances-diagonal-larger.xml", "than to itself"},
      {"bad/22-utf16.xml", "UTF-16"},
  };
  for (const Reason& reason : swallowed) {
    const auto result = import(reason.file);
    ASSERT_FALSE(result) << reason.file;
    EXPECT_THAT(result.error().what, HasSubstr(reason.what));
  }
}

TEST_F(HwlocCollection, doubtful_files_are_imported_with_a_warning) {
  const std::vector<Reason> doubtful{
      {"real/16em64t-4s2c2t-offlines.xml", "9 of 16 CPUs are offline or not allowed"},
      {"real/16amd64-8n2c-cpusets.xml", "6 of 16 CPUs are offline or not allowed"},
      {"real/x86-AMD-19h-Zen4-2xEpyc-9654.xml", "2 packages but 1 memory node"},
      {"real/8intel64-4n2t-memattrs.xml", "no Core objects for 8 CPUs"},
      {"real/2arm-2c.xml", "no cache data"},
      {"real/8em64t-2s4c-asymcaches.xml", "an L1 for some cores, an L2 for others"},
      {"real/memorysidecaches.xml", "memory-side caches"},
      {"real/x86-Intel-RaptorLake-Corei7-1370P.xml", "does not say how fast each is"},
  };
  for (const Reason& reason : doubtful) {
    const auto result = import(reason.file);
    ASSERT_TRUE(result) << reason.file;
    EXPECT_THAT(result.value().warnings, testing::Contains(HasSubstr(reason.what))) << reason.file;
  }
}

}  // namespace
}  // namespace timeslice::models
