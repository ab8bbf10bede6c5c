// Cache lines that threads fight for, and what an operation on each costs at this moment.
//
// Keeps the number of pairs of threads by what they share, so that the mean transfer between them
// is known after each coming and going in O(1). Model: models/machine/coherence.hpp.
#pragma once

#include <cstdint>
#include <map>

#include "models/machine/coherence.hpp"
#include "models/machine/machine_spec.hpp"

namespace timeslice::models {

class SharedLines {
 public:
  /// `machine` must outlive this.
  explicit SharedLines(const MachineSpec& machine) : machine_{machine} {}

  /// A thread on `core` begins to use `line`, or ends.
  void join(std::uint32_t line, std::uint32_t core);
  void leave(std::uint32_t line, std::uint32_t core);

  /// How many times longer than alone an operation takes that takes `alone_ns` alone: a plain
  /// store or, from atomic_alone_ns on, an atomic one.
  [[nodiscard]] double slowdown(std::uint32_t line, double alone_ns) const;

 private:
  struct Line {
    double threads = 0.0;
    PairCounts pairs{};
    std::map<std::uint32_t, double> in_core;
    std::map<std::uint32_t, double> in_llc;
    std::map<std::uint32_t, double> in_package;
  };
  void count(Line& line, std::uint32_t core, double sign);

  const MachineSpec& machine_;
  std::map<std::uint32_t, Line> lines_;
};

}  // namespace timeslice::models
