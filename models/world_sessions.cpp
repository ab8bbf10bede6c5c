#include <algorithm>
#include <string>
#include <utility>

#include "models/world_spec.hpp"

namespace timeslice::models {

namespace {

/// A session's group lies below the root and weighs as much as any other (kernel/sched/autogroup.c
/// of Linux 6.12: tasks of the root group only, default shares).
GroupId add_session(OsSpec& os, std::string name) {
  while (std::ranges::find(os.groups, name, &GroupSpec::name) != os.groups.end()) {
    name += '_';
  }
  os.groups.push_back({.name = std::move(name)});
  return GroupId{static_cast<std::uint32_t>(os.groups.size())};
}

/// Linux's fair schedulers have autogroups; a textbook policy on the same machine has none.
bool has_sessions(const OsSpec& os) {
  const bool fair = os.policy.kind == PolicyKind::eevdf || os.policy.kind == PolicyKind::cfs;
  return os.autogroup && fair && os.policy.scope == QueueScope::per_cpu;
}

}  // namespace

WorldSpec with_sessions(WorldSpec world) {
  const bool alone = world.background.empty() && world.os.groups.empty();
  if (alone || !has_sessions(world.os)) {
    return world;  // a single session has nobody to share with
  }
  if (world.os.program_group == GroupId{0}) {
    world.os.program_group = add_session(world.os, "session-main");
  }
  for (std::size_t i = 0; i < world.background.size(); ++i) {
    if (world.background[i].group == GroupId{0}) {
      world.background[i].group = add_session(world.os, "session-" + std::to_string(i));
    }
  }
  return world;
}

}  // namespace timeslice::models
