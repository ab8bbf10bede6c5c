// The reference machine, vm-2c, as its file describes it, for tests of its scheduler.
#pragma once

#include "tests/scenarios/format/loading.hpp"

namespace timeslice::scenarios {

/// As users get it; a second program is a session of its own there, and so a group.
inline const models::WorldSpec& reference_guest() {
  static const models::WorldSpec read = models::with_sessions(
      scenario("timeslice: 1\nmachine: vm-2c\nruntime: none\n"
               "tasks: {other: [{native: 1ms}]}\nbackground: [{task: other}]\n"
               "main: [{native: 1ms}]\n")
          .world);
  return read;
}

constexpr models::GroupId program_session{1};
constexpr models::GroupId other_session{2};

}  // namespace timeslice::scenarios
