// The traffic on a machine's memory nodes and on the paths between them, and how much it slows.
//
// Sums of bytes a second as whole numbers: what leaves takes exactly what it brought, in any order,
// so nothing drifts. Joining and leaving cost O(1) for data on one node, O(nodes) for data spread
// over several. Models: models/machine/saturation.hpp, loaded_latency.hpp, memory_paths.hpp.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "models/machine/memory_paths.hpp"
#include "models/os/node_memory.hpp"

namespace timeslice::models {

/// Whose memory, seen from where.
struct DataPlace {
  std::uint32_t from = 0;  // the node that the thread runs on
  std::uint32_t home = 0;  // the node of the data, or a number that MemoryTraffic gave

  auto operator<=>(const DataPlace&) const = default;
};

class MemoryTraffic {
 public:
  explicit MemoryTraffic(const MachineSpec& machine);

  /// The home of data that all nodes hold in equal parts.
  [[nodiscard]] std::uint32_t everywhere() const { return paths_.nodes(); }
  /// The home of data of which each node holds such a part; the parts add up to 1.
  [[nodiscard]] std::uint32_t home_of(const std::vector<NodeShare>& shares);
  [[nodiscard]] std::span<const NodeShare> shares_of(std::uint32_t home) const {
    return homes_[home];
  }

  /// `users` more draw `rate` each from `place` when alone on the machine. Negative: fewer.
  void add(const DataPlace& place, double rate, std::int64_t users);

  /// What a lone thread that draws `rate` at home draws from `place`. [B/ns]
  [[nodiscard]] double lone_rate(const DataPlace& place, double rate, bool latency_bound) const;

  /// How many times longer a miss takes now than alone on the own node.
  [[nodiscard]] double slowdown(const DataPlace& place, bool latency_bound) const;

  [[nodiscard]] const MemoryPaths& paths() const { return paths_; }

 private:
  struct Load {
    double capacity = 0.0;   // [B/ns]; 0: never saturates
    std::int64_t rates = 0;  // sums, in B/s
    std::int64_t demands = 0;
    std::int64_t users = 0;
    double slowdown = 1.0;  // of who streams; kept with the sums
    double part = 0.0;      // of the capacity that is in use
  };

  static void add(Load& load, double rate, std::int64_t users);
  static void answer(Load& load);
  [[nodiscard]] double lone_ratio(std::uint32_t from, std::uint32_t to, bool latency_bound) const;
  [[nodiscard]] double slowdown(std::uint32_t from, std::uint32_t to, bool latency_bound) const;

  MemoryPaths paths_;
  std::vector<Load> nodes_;
  std::vector<Load> links_;                    // from x to
  std::vector<std::vector<NodeShare>> homes_;  // each node alone, all alike, then others
};

}  // namespace timeslice::models
