#include "models/machine/memory_paths.hpp"

#include <algorithm>

#include "models/machine/loaded_latency.hpp"

namespace timeslice::models {

namespace {

constexpr double per_ns = 1e-9;

}  // namespace

MemoryPaths::MemoryPaths(const MachineSpec& machine)
    : nodes_{std::max<std::uint32_t>(1, static_cast<std::uint32_t>(machine.nodes.size()))},
      package_(nodes_, 0) {
  for (const CoreSpec& core : machine.cores) {
    if (core.node < nodes_) {
      package_[core.node] = core.package;
    }
  }
  if (machine.memory_local > sim::Duration::zero()) {
    local_ns_ = sim::as_ns(machine.memory_local);
  }
  if (machine.memory_bandwidth_one_core.per_second > 0.0) {
    one_core_ = machine.memory_bandwidth_one_core.per_second * per_ns;
  }
  bandwidth_ = machine.memory_bandwidth_node.per_second * per_ns;
  const double saturated = sim::as_ns(machine.memory_system.saturated);
  saturated_ = saturated > local_ns_ ? saturated / local_ns_ : saturated_latency_default;
  if (!machine.memory_system.shares_bandwidth) {
    bandwidth_ = 0.0;
    saturated_ = 1.0;
  }
  fill(machine);
}

void MemoryPaths::fill(const MachineSpec& machine) {
  const MemorySystem& system = machine.memory_system;
  const bool distances = machine.node_distance.size() == std::size_t{nodes_} * nodes_;
  for (std::uint32_t from = 0; from < nodes_; ++from) {
    for (std::uint32_t to = 0; to < nodes_; ++to) {
      const bool near = package_[from] == package_[to];
      const double said = sim::as_ns(near ? system.near : machine.memory_remote) / local_ns_;
      double latency = near ? latency_near_default : latency_remote_default;
      if (distances && machine.node_distance[from * nodes_ + from] > 0.0) {
        const double own = machine.node_distance[from * nodes_ + from];
        latency = 1.0 + 0.5 * (machine.node_distance[from * nodes_ + to] / own - 1.0);
      }
      const BytesPerSecond link = near ? system.bandwidth_near : system.bandwidth_remote;
      const double part = near ? bandwidth_near_default : bandwidth_remote_default;
      const double path = link.per_second > 0.0 ? link.per_second * per_ns : bandwidth_ * part;
      latency_.push_back(from == to ? 1.0 : std::max(1.0, said > 0.0 ? said : latency));
      path_.push_back(from == to || !system.shares_bandwidth ? 0.0 : path);
    }
  }
}

double MemoryPaths::lone_stream_ratio(std::uint32_t from, std::uint32_t to) const {
  const double over_link = path_bandwidth(from, to);
  const double by_link = over_link > 0.0 ? one_core_ / over_link : 0.0;
  return std::max(latency_ratio(from, to), by_link);
}

std::uint32_t MemoryPaths::remote_of(std::uint32_t from) const {
  for (std::uint32_t step = 1; step < nodes_; ++step) {
    const std::uint32_t to = (from + step) % nodes_;
    if (package_[to] != package_[from]) {
      return to;
    }
  }
  return (from + 1) % nodes_;
}

}  // namespace timeslice::models
