// The distance matrices of an hwloc file: checked, and the one between memory nodes picked.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "models/machine/hwloc_objects.hpp"
#include "sim/result.hpp"

namespace timeslice::models {

/// Relative latencies between memory nodes as the firmware tells them (SLIT): 10 is local. They
/// order nodes; they are no latencies (facts in docs/models/hwloc-import.md).
struct NodeDistances {
  std::vector<std::uint32_t> os_indexes;  // of the nodes, in the order of rows; empty: no matrix
  std::vector<double> values;             // row-major
};

/// The first latency matrix between all listed memory nodes. Every matrix of the file is checked:
/// its counts must agree, node numbers must exist, and no node may be nearer to another than to
/// itself. Requires: `file.objects` is filled.
[[nodiscard]] sim::Result<NodeDistances> read_node_distances(const HwlocFile& file);

}  // namespace timeslice::models
