// Who sits near whom: questions about the shape of a machine, answered from a graph.
//
// The graph has a vertex for the machine, each package, memory node, last-level cache (LLC), core
// and CPU, and an edge from each to what it contains. It is built once a machine; the answers are
// plain vectors of ascending ids that the dispatcher keeps. Building is linear in the machine;
// `nearest_first` visits every CPU once.
// Not here: costs. Being near is an order, not a latency.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "models/ids.hpp"
#include "models/machine/machine_spec.hpp"

namespace timeslice::models {

/// What two CPUs have in common, nearest first.
enum class Nearness : std::uint8_t {
  same_cpu,
  same_core,
  same_llc,
  same_node,
  same_package,
  other
};

class Topology {
 public:
  /// Requires: every index in `machine` points into its lists.
  explicit Topology(const MachineSpec& machine);
  Topology(Topology&& other) noexcept;
  Topology& operator=(Topology&& other) noexcept;
  ~Topology();

  /// The CPUs of the same core, `cpu` among them.
  [[nodiscard]] std::vector<CpuId> siblings(CpuId cpu) const;
  [[nodiscard]] std::vector<CpuId> cpus_of_core(CoreId core) const;
  [[nodiscard]] std::vector<CpuId> cpus_of_llc(std::uint32_t llc) const;
  [[nodiscard]] std::vector<CpuId> cpus_of_node(std::uint32_t node) const;
  [[nodiscard]] std::vector<CpuId> cpus_of_package(std::uint32_t package) const;

  [[nodiscard]] Nearness nearness(CpuId a, CpuId b) const;

  /// All CPUs, `cpu` first, then siblings, then the same LLC, node, package, the rest; equally
  /// near ones by ascending id.
  [[nodiscard]] std::vector<CpuId> nearest_first(CpuId cpu) const;

  [[nodiscard]] std::uint32_t llc_count() const;

 private:
  struct Graph;  // Boost.Graph stays in the .cpp
  std::unique_ptr<Graph> graph_;
};

}  // namespace timeslice::models
