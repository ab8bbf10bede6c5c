#include "models/world_report_memory.hpp"

#include <string>
#include <utility>

#include <fmt/format.h>

namespace timeslice::models {

namespace {

/// The kernel, its caches and other programs need memory as well.
void warn_of_full_memory(Context& world) {
  constexpr double full = 0.9;
  const auto all = static_cast<double>(memory_of(world.spec.machine).count);
  const auto used = static_cast<double>(world.memory.peak_total().count);
  if (all > 0.0 && used > full * all && used <= all) {
    world.warn(
        fmt::format("the program's processes took {:.0f} % of the machine's memory: beside the "
                    "kernel and other "
                    "programs it would swap, which is not modelled",
                    100.0 * used / all));
  }
}

}  // namespace

void add_memory(Context& world, Timings& timings) {
  const ProcessMemory& memory = world.memory;
  if (memory.peaks().empty()) {
    return;
  }
  const auto add = [&](const char* name, std::string entity, double bytes) {
    timings.metrics.push_back(
        {.name = name, .entity = std::move(entity), .unit = "B", .value = bytes});
  };
  add("peak_memory", "", static_cast<double>(memory.peak_total().count));
  add("peak_rss", "", static_cast<double>(memory.peak_total_resident().count));
  for (const MemoryPeak& peak : memory.peaks()) {
    const std::string& name = world.processes.processes()[index_of(peak.process)].name;
    add("peak_memory", name, peak.pss);
    add("peak_private", name, static_cast<double>(peak.unshared.count));
    add("peak_rss", name, static_cast<double>(peak.resident.count));
  }
  warn_of_full_memory(world);
}

}  // namespace timeslice::models
