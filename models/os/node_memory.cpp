#include "models/os/node_memory.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <tuple>

#include "sim/expect.hpp"

namespace timeslice::models {

namespace {

constexpr double sixteenths = 16.0;

/// `preferred`, then the others, the nearest first, of equally near ones the lowest number: the
/// order of Linux's zone lists.
std::vector<std::uint32_t> by_distance(std::uint32_t preferred, const MemoryPaths& paths) {
  std::vector<std::uint32_t> nodes(paths.nodes());
  std::iota(nodes.begin(), nodes.end(), 0U);
  std::ranges::sort(nodes, {}, [&](std::uint32_t node) {
    return std::tuple{node != preferred, paths.latency_ratio(preferred, node), node};
  });
  return nodes;
}

}  // namespace

NodeMemory::NodeMemory(const MachineSpec& machine) {
  for (const NodeSpec& node : machine.nodes) {
    free_.push_back(node.memory.count > 0 ? static_cast<double>(node.memory.count)
                                          : std::numeric_limits<double>::infinity());
  }
}

std::vector<NodeShare> NodeMemory::place(std::uint32_t thread, std::uint32_t preferred,
                                         double bytes, const MemoryPaths& paths) {
  std::vector<Held>& held = held_[thread];
  sim::expect(held.empty(), "a step's data is placed once");
  std::vector<NodeShare> shares;
  double left = sixteenths;
  for (const std::uint32_t node : by_distance(preferred, paths)) {
    const double room = std::max(free_[node], 0.0);
    const double taken =
        room >= bytes ? left : std::min(left, std::floor(room / bytes * sixteenths));
    if (taken > 0.0) {
      shares.push_back({.node = node, .part = taken / sixteenths});
      left -= taken;
    }
  }
  if (left > 0.0 || shares.empty()) {
    shares = {{.node = preferred, .part = 1.0}};
  }
  for (const NodeShare& share : shares) {
    held.push_back({.node = share.node, .bytes = share.part * bytes});
    free_[share.node] -= share.part * bytes;
  }
  return shares;
}

void NodeMemory::release(std::uint32_t thread) {
  const auto at = held_.find(thread);
  if (at == held_.end()) {
    return;
  }
  for (const Held& held : at->second) {
    free_[held.node] += held.bytes;
  }
  held_.erase(at);
}

}  // namespace timeslice::models
