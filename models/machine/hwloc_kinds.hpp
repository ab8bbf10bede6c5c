// Kinds of cores in an hwloc file: performance and efficiency cores, big and little ones.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/machine/hwloc_objects.hpp"
#include "models/machine/machine_spec.hpp"
#include "sim/result.hpp"

namespace timeslice::models {

struct HwlocKinds {
  std::vector<CoreKindSpec> kinds;     // at least one
  std::vector<std::uint32_t> kind_of;  // by position in the CPUs that were asked for
  Hertz clock_base;                    // of the fastest kind; 0: not known
  std::vector<std::string> warnings;
};

/// The kinds of the CPUs with numbers `os_indexes`. A kind's speed is its LinuxCapacity relative
/// to the largest; without capacities its maximum frequency, with a warning; else 1, with a
/// warning.
[[nodiscard]] sim::Result<HwlocKinds> read_kinds(const HwlocFile& file,
                                                 const std::vector<std::uint32_t>& os_indexes);

}  // namespace timeslice::models
