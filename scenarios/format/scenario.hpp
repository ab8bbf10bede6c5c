// A scenario as a value: what the loader yields for one point of a sweep.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "models/world_spec.hpp"

namespace timeslice::scenarios {

/// One parameter of a point: `variant` first, then params and matrix keys in file order.
/// The value is its YAML scalar as text ("8", "on", "5ms").
struct Param {
  std::string name;
  std::string value;

  bool operator==(const Param&) const = default;
};
using Params = std::vector<Param>;

/// How often a point is replicated: `most` times; with `until`, as soon as the makespan is known to
/// that part of itself (half the width of the 95 % interval of its mean), but at least `least`.
struct Repeat {
  std::uint64_t most = 1;
  std::uint64_t least = 5;
  double until = 0.0;  // 0: always `most`

  [[nodiscard]] bool adapts() const { return until > 0.0; }
  bool operator==(const Repeat&) const = default;
};

/// One fully resolved point.
struct Scenario {
  std::string name;
  std::string about;
  models::WorldSpec world;
  Repeat repeat;
  std::uint64_t seed = 1;
  std::vector<std::string> warnings;  // doubts about numbers, for the result
};

}  // namespace timeslice::scenarios
