// Small hwloc files for tests, made here, and access to the collection of real ones.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

namespace timeslice::models {

/// Two packages of one core with two threads, a node each, distances 10/20, L2 and L3.
inline std::string small_hwloc() {
  return R"(<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE topology SYSTEM "hwloc2.dtd">
<topology version="2.0">
<object type="Machine" cpuset="0xf" allowed_cpuset="0x0000000f" allowed_nodeset="0x3">
<info name="CPUModel" value="Testium   9 "/>
<object type="Package" os_index="0" cpuset="0x00000005">
<object type="NUMANode" os_index="0" cpuset="0x00000005" local_memory="1073741824"/>
<object type="L3Cache" cache_size="8388608" depth="3" cache_linesize="64" cache_associativity="8">
<object type="L2Cache" cache_size="1048576" depth="2" cache_linesize="64" cache_associativity="8">
<object type="Core" os_index="0" cpuset="0x00000005">
<object type="PU" os_index="0" cpuset="0x00000001"/>
<object type="PU" os_index="2" cpuset="0x00000004"/>
</object></object></object></object>
<object type="Package" os_index="1" cpuset="0x0000000a">
<object type="NUMANode" os_index="1" cpuset="0x0000000a" local_memory="1073741824"/>
<object type="L3Cache" cache_size="8388608" depth="3" cache_linesize="64" cache_associativity="8">
<object type="L2Cache" cache_size="1048576" depth="2" cache_linesize="64" cache_associativity="8">
<object type="Core" os_index="0" cpuset="0x0000000a">
<object type="PU" os_index="1" cpuset="0x00000002"/>
<object type="PU" os_index="3" cpuset="0x00000008"/>
</object></object></object></object>
</object>
<distances2 type="NUMANode" nbobjs="2" kind="5" name="NUMALatency" indexing="os">
<indexes length="4">0 1 </indexes>
<u64values length="12">10 20 20 10 </u64values>
</distances2>
</topology>
)";
}

/// `text` with the first `from` replaced by `to`; empty when `from` is not there.
inline std::string changed(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  return at == std::string::npos ? std::string{} : text.replace(at, from.size(), to);
}

/// The folder with real, synthetic and broken topologies, beside the repository or where
/// TIMESLICE_DATA says. It may be absent.
inline std::filesystem::path hwloc_folder() {
  const char* const data = std::getenv("TIMESLICE_DATA");
  const std::filesystem::path root =
      data != nullptr ? std::filesystem::path{data}
                      : std::filesystem::path{TIMESLICE_SOURCE_DIR} / "../shared/data";
  return root / "hwloc-xml";
}

inline std::string contents(const std::filesystem::path& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

}  // namespace timeslice::models
