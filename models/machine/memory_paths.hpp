// From a core on one memory node to the memory of another: latency, bandwidth, and what one core
// draws over that path when alone.
//
// Three kinds of paths: own node, another node of the package, another package. What the machine
// does not say is a default: latency from the firmware's distances d as 1 + (d/10 - 1)/2, else 1.2
// (same package) and 1.65 (other); bandwidth 1.0 and 0.4 of the node's. One core's misses in flight
// are limited, so over a path r times as slow it draws 1/r of what it draws at home.
// Sources and errors: docs/models/numa.md. Built once a machine; every question is O(1).
#pragma once

#include <cstdint>
#include <vector>

#include "models/machine/machine_spec.hpp"

namespace timeslice::models {

inline constexpr double latency_near_default = 1.2;       // 1.11-1.29: Sapphire Rapids SNC4 (gjbex)
inline constexpr double latency_remote_default = 1.65;    // 1.60-1.74 on four 2-socket servers
inline constexpr double bandwidth_near_default = 1.0;     // 0.98-1.00 (SPR, GNR)
inline constexpr double bandwidth_remote_default = 0.4;   // 0.30-0.47 on four 2-socket servers
inline constexpr double local_latency_default_ns = 90.0;  // bare-metal servers: 80-100 ns
inline constexpr double one_core_default_gbs = 12.0;      // load of 8 machines: 8-36, median 14

class MemoryPaths {
 public:
  explicit MemoryPaths(const MachineSpec& machine);

  [[nodiscard]] std::uint32_t nodes() const { return nodes_; }
  [[nodiscard]] double local_latency_ns() const { return local_ns_; }
  /// One core's own-node stream. [B/ns]
  [[nodiscard]] double one_core() const { return one_core_; }
  /// Of a node's memory; 0: nobody said, so it never saturates. [B/ns]
  [[nodiscard]] double node_bandwidth() const { return bandwidth_; }
  /// Saturated over idle latency.
  [[nodiscard]] double saturated() const { return saturated_; }

  /// Idle latency over the own node's.
  [[nodiscard]] double latency_ratio(std::uint32_t from, std::uint32_t to) const {
    return latency_[from * nodes_ + to];
  }
  /// What all cores of `from` draw from `to` at most; 0: never saturates. [B/ns]
  [[nodiscard]] double path_bandwidth(std::uint32_t from, std::uint32_t to) const {
    return path_[from * nodes_ + to];
  }
  /// How many times slower a lone core streams over the path than at home.
  [[nodiscard]] double lone_stream_ratio(std::uint32_t from, std::uint32_t to) const;
  /// A node of another package, else another node, else `from`.
  [[nodiscard]] std::uint32_t remote_of(std::uint32_t from) const;

 private:
  void fill(const MachineSpec& machine);

  std::uint32_t nodes_ = 1;
  double local_ns_ = local_latency_default_ns;
  double one_core_ = one_core_default_gbs;
  double bandwidth_ = 0.0;
  double saturated_ = 1.0;
  std::vector<std::uint32_t> package_;  // by node
  std::vector<double> latency_;         // nodes x nodes
  std::vector<double> path_;
};

}  // namespace timeslice::models
