// A resolved tree -> a Scenario: everything that the simulator and the native runners read.
#pragma once

#include <optional>
#include <string>

#include "scenarios/format/fields.hpp"
#include "scenarios/format/scaling.hpp"
#include "scenarios/format/scenario.hpp"

namespace timeslice::scenarios {

/// What a tree cannot know about itself.
struct WorldContext {
  const Reading& reading;
  std::string name;      // where the file gives none
  const Origin& origin;  // where durations come from, unless `measured_on` says it
};

/// The scenario, and what its machine and origin contribute to the point's key.
struct ReadWorld {
  Scenario scenario;
  std::string canonical_machine;
};

/// Reads a tree without params, matrix, variants, extends and expect.
[[nodiscard]] ReadWorld read_world(const WorldContext& context, const Node& tree);

/// The machine and runtime of a tree, for `measured_on`; problems are left to the points.
[[nodiscard]] Origin origin_of(Files& files, const Node& tree);

}  // namespace timeslice::scenarios
