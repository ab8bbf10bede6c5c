// Where each CPU stands among the others: its core, last-level cache, node and package.
//
// CPUs get positions so that the CPUs of a core, of a last-level cache, of a node and of a package
// each are one range of positions. Searches for "the nearest idle CPU" then are searches in ranges.
// Built once in O(n log n); every question is O(1).
#pragma once

#include <cstdint>
#include <vector>

#include "models/machine/machine_spec.hpp"

namespace timeslice::models {

/// Positions begin <= p < end.
struct CpuRange {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;

  [[nodiscard]] std::uint32_t size() const { return end - begin; }
};

class CpuMap {
 public:
  /// Requires: at least one CPU, and every CPU's core exists.
  explicit CpuMap(const MachineSpec& machine);

  [[nodiscard]] std::uint32_t cpus() const { return static_cast<std::uint32_t>(cpu_at_.size()); }
  [[nodiscard]] std::uint32_t position(std::uint32_t cpu) const { return position_[cpu]; }
  [[nodiscard]] std::uint32_t cpu_at(std::uint32_t position) const { return cpu_at_[position]; }

  // Of a position.
  [[nodiscard]] CpuRange core(std::uint32_t position) const { return at(cores_, position); }
  [[nodiscard]] CpuRange llc(std::uint32_t position) const { return at(llcs_, position); }
  [[nodiscard]] CpuRange node(std::uint32_t position) const { return at(nodes_, position); }
  [[nodiscard]] CpuRange package(std::uint32_t position) const { return at(packages_, position); }
  [[nodiscard]] std::uint32_t llc_number(std::uint32_t position) const {
    return llcs_.number[position];
  }
  [[nodiscard]] std::uint32_t package_number(std::uint32_t position) const {
    return packages_.number[position];
  }

  [[nodiscard]] const std::vector<CpuRange>& llcs() const { return llcs_.ranges; }
  [[nodiscard]] const std::vector<CpuRange>& packages() const { return packages_.ranges; }
  [[nodiscard]] CpuRange all() const { return {.begin = 0, .end = cpus()}; }
  [[nodiscard]] std::uint32_t core_size_max() const { return core_size_max_; }
  /// Whether some cores are slower by kind than others; fast ones have the lower positions among
  /// those of their cache, and fast caches among those of their node.
  [[nodiscard]] bool hybrid() const { return hybrid_; }

 private:
  /// A partition of the positions into ranges.
  struct Level {
    std::vector<CpuRange> ranges;
    std::vector<std::uint32_t> number;  // of the range, by position
  };

  [[nodiscard]] static CpuRange at(const Level& level, std::uint32_t position) {
    return level.ranges[level.number[position]];
  }

  static void append(Level& level, std::uint32_t position, bool begins);

  std::vector<std::uint32_t> cpu_at_;    // by position
  std::vector<std::uint32_t> position_;  // by CPU
  Level cores_;
  Level llcs_;
  Level nodes_;
  Level packages_;
  std::uint32_t core_size_max_ = 1;
  bool hybrid_ = false;
};

}  // namespace timeslice::models
