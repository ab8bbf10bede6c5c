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

/// One fully resolved point.
struct Scenario {
  std::string name;
  std::string about;
  models::WorldSpec world;
  std::uint64_t repeat = 1;
  std::uint64_t seed = 1;
  std::vector<std::string> warnings;  // doubts about numbers, for the result
};

}  // namespace timeslice::scenarios
