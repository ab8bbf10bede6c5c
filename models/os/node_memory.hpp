// Where the data of steps with `place: preferred` lie: on the node that each prefers while it has
// room, the rest on the nearest nodes that have.
//
// A node's room is its memory less what other such steps hold there at this moment; a node whose
// size nobody said is never full. Shares are whole sixteenths, so that the number of different
// splits stays small. What fits nowhere counts on the preferred node. docs/models/numa.md.
// Cost: O(nodes log nodes) a step that begins, O(its nodes) one that ends.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "models/machine/memory_paths.hpp"

namespace timeslice::models {

/// The part of some data, or of accesses to it, that one node has.
struct NodeShare {
  std::uint32_t node = 0;
  double part = 1.0;

  auto operator<=>(const NodeShare&) const = default;
};

class NodeMemory {
 public:
  explicit NodeMemory(const MachineSpec& machine);

  /// Makes room for `bytes` of `thread`. Requires: it holds nothing.
  [[nodiscard]] std::vector<NodeShare> place(std::uint32_t thread, std::uint32_t preferred,
                                             double bytes, const MemoryPaths& paths);
  /// Its data are gone; nothing if it has none.
  void release(std::uint32_t thread);

 private:
  struct Held {
    std::uint32_t node = 0;
    double bytes = 0.0;
  };
  std::vector<double> free_;                         // by node; infinite: nobody said
  std::map<std::uint32_t, std::vector<Held>> held_;  // by thread
};

}  // namespace timeslice::models
