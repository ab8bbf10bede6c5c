#include "models/machine/detect.hpp"

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <hwloc.h>
#include <unistd.h>

#include "models/machine/hwloc_import.hpp"

namespace timeslice::models {
namespace {

/// Takes every HWLOC_* variable out of the environment while it lives: libhwloc would read another
/// machine, leave components out or report errors because of them.
class WithoutHwlocVariables {
 public:
  WithoutHwlocVariables() {
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
      const std::string_view text{*entry};
      const std::size_t equals = text.find('=');
      if (text.starts_with("HWLOC_") && equals != std::string_view::npos) {
        taken_.emplace_back(text.substr(0, equals), text.substr(equals + 1));
      }
    }
    for (const auto& [name, value] : taken_) {
      ::unsetenv(name.c_str());
    }
    ::setenv(quiet, "2", 1);  // 2: print no error at all (hwloc's documentation)
  }

  WithoutHwlocVariables(const WithoutHwlocVariables&) = delete;
  WithoutHwlocVariables& operator=(const WithoutHwlocVariables&) = delete;

  ~WithoutHwlocVariables() {
    ::unsetenv(quiet);
    for (const auto& [name, value] : taken_) {
      ::setenv(name.c_str(), value.c_str(), 1);
    }
  }

 private:
  static constexpr const char* quiet = "HWLOC_HIDE_ERRORS";
  std::vector<std::pair<std::string, std::string>> taken_;
};

struct DestroyTopology {
  void operator()(hwloc_topology* topology) const { ::hwloc_topology_destroy(topology); }
};
struct FreeBitmap {
  void operator()(hwloc_bitmap_s* bitmap) const { ::hwloc_bitmap_free(bitmap); }
};
using TopologyOwner = std::unique_ptr<hwloc_topology, DestroyTopology>;

sim::Error failed(std::string_view step) {
  return {"host",
          fmt::format("libhwloc cannot {}: {}", step,
                      std::error_code{errno, std::generic_category()}.message()),
          "describe the machine in a file and name it with --machine"};
}

/// Leaves out what this process is not bound to, as taskset or a batch system binds it; how many
/// CPUs that were. hwloc itself leaves out what the cgroup forbids.
int restrict_to_binding(hwloc_topology* topology) {
  const int before = ::hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_PU);
  const std::unique_ptr<hwloc_bitmap_s, FreeBitmap> bound{::hwloc_bitmap_alloc()};
  const bool known =
      bound != nullptr && ::hwloc_get_cpubind(topology, bound.get(), HWLOC_CPUBIND_PROCESS) == 0 &&
      ::hwloc_bitmap_intersects(bound.get(), ::hwloc_topology_get_topology_cpuset(topology)) != 0;
  if (!known || ::hwloc_topology_restrict(topology, bound.get(), 0) != 0) {
    return 0;
  }
  return before - ::hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_PU);
}

sim::Result<TopologyOwner> load_topology() {
  hwloc_topology* raw = nullptr;
  if (::hwloc_topology_init(&raw) != 0) {
    return failed("start");
  }
  TopologyOwner topology{raw};
  ::hwloc_topology_set_icache_types_filter(raw, HWLOC_TYPE_FILTER_KEEP_ALL);
  if (::hwloc_topology_load(raw) != 0) {
    return failed("detect this machine");
  }
  return topology;
}

sim::Result<std::string> export_xml(hwloc_topology* topology) {
  char* buffer = nullptr;
  int length = 0;
  constexpr unsigned long flags = HWLOC_API_VERSION >= 0x00030000 ? 2UL : 0UL;  // 3.x: format 2
  if (::hwloc_topology_export_xmlbuffer(topology, &buffer, &length, flags) != 0) {
    return failed("describe this machine");
  }
  std::string xml{buffer};  // `length` counts the NUL at its end
  ::hwloc_free_xmlbuffer(topology, buffer);
  return xml;
}

}  // namespace

sim::Result<MachineSpec> detect_host() {
  const WithoutHwlocVariables clean;
  auto topology = load_topology();
  if (!topology) {
    return topology.error();
  }
  const int not_bound = restrict_to_binding(topology.value().get());
  const auto xml = export_xml(topology.value().get());
  if (!xml) {
    return xml.error();
  }
  auto imported = import_hwloc_xml(xml.value(), "host");
  if (!imported) {
    return imported.error();
  }
  MachineSpec machine = std::move(imported).value();
  machine.source = fmt::format("detected by libhwloc {}", HWLOC_VERSION);
  if (not_bound > 0) {
    machine.warnings.push_back(
        fmt::format("{} CPUs are left out: this process is bound to the {} others", not_bound,
                    machine.cpus.size()));
  }
  return machine;
}

}  // namespace timeslice::models
