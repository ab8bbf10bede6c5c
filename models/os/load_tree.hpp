// Which CPU has the longest queue and which has the least to do.
//
// A tournament tree over the CPUs; ties go to the lowest number. To change one CPU: O(log n), or
// O(1) when nothing changed. To ask: O(log n).
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

namespace timeslice::models {

struct CpuLoad {
  std::uint32_t threads = 0;  // running and waiting
  std::uint32_t movable = 0;  // waiting, without the one for which the CPU is waking up

  friend bool operator==(const CpuLoad&, const CpuLoad&) = default;
};

class LoadTree {
 public:
  explicit LoadTree(std::uint32_t cpus)
      : leaves_{std::bit_ceil(std::size_t{cpus})}, nodes_(2 * leaves_) {
    for (std::size_t i = cpus; i < leaves_; ++i) {
      nodes_[leaves_ + i].threads = 0xffffffffU;
    }
    for (std::size_t node = leaves_ - 1; node > 0; --node) {
      nodes_[node] = join(node);
    }
  }

  void set(std::uint32_t cpu, const CpuLoad& load) {
    std::size_t node = leaves_ + cpu;
    if (nodes_[node] == load) {
      return;
    }
    nodes_[node] = load;
    while (node > 1) {
      node /= 2;
      const CpuLoad joined = join(node);
      if (nodes_[node] == joined) {
        return;
      }
      nodes_[node] = joined;
    }
  }

  [[nodiscard]] const CpuLoad& of(std::uint32_t cpu) const { return nodes_[leaves_ + cpu]; }
  /// Fewest threads of a CPU, and most movable threads of a CPU.
  [[nodiscard]] const CpuLoad& extremes() const { return nodes_[1]; }

  [[nodiscard]] std::uint32_t least_loaded() const {
    std::size_t node = 1;
    while (node < leaves_) {
      node = 2 * node + (nodes_[2 * node].threads == nodes_[node].threads ? 0U : 1U);
    }
    return static_cast<std::uint32_t>(node - leaves_);
  }

  [[nodiscard]] std::uint32_t longest_queue() const {
    std::size_t node = 1;
    while (node < leaves_) {
      node = 2 * node + (nodes_[2 * node].movable == nodes_[node].movable ? 0U : 1U);
    }
    return static_cast<std::uint32_t>(node - leaves_);
  }

 private:
  [[nodiscard]] CpuLoad join(std::size_t node) const {
    const CpuLoad& a = nodes_[2 * node];
    const CpuLoad& b = nodes_[2 * node + 1];
    return {.threads = std::min(a.threads, b.threads), .movable = std::max(a.movable, b.movable)};
  }

  std::size_t leaves_;
  std::vector<CpuLoad> nodes_;  // [1] is the root; the leaves are the second half
};

}  // namespace timeslice::models
