#include "models/python/fork_hazards.hpp"

#include <algorithm>
#include <cstdint>
#include <string>

#include "models/work/context.hpp"

namespace timeslice::models {

namespace {

/// From CPython 3.12 on, os.fork() looks for other threads itself.
constexpr PythonVersion warns_itself{.major = 3, .minor = 12};

/// Milliseconds with three decimals.
std::string text_of(sim::Instant instant) {
  const std::int64_t us = instant.time_since_epoch().count() / 1000;
  std::string decimals = std::to_string(us % 1000);
  decimals.insert(0, 3 - decimals.size(), '0');
  return std::to_string(us / 1000) + "." + decimals + " ms";
}

/// Names of the other threads that live in the process of `forking`, the first few.
std::string others_of(const Actor& forking) {
  constexpr std::uint32_t most = 4;
  Context& world = forking.world;
  std::string names;
  std::uint32_t count = 0;
  for (std::uint32_t id = 0; id < world.os.threads(); ++id) {
    const Actor* actor = world.processes.actor_of(ThreadId{id});
    const bool left_behind = actor != nullptr && &actor->process == &forking.process &&
                             actor != &forking && actor->begun && !actor->finished;
    if (left_behind && ++count <= most) {
      names += (names.empty() ? "" : ", ") + world.os.name(actor->thread);
    }
  }
  return count > most ? names + " and " + std::to_string(count - most) + " more" : names;
}

void warn_of_threads(const Actor& forking) {
  Context& world = forking.world;
  std::string text =
      "process '" + forking.process.name + "' is forked while other threads of it run";
  const std::string others = others_of(forking);
  text += (others.empty() ? "" : " (" + others + ")");
  text +=
      ": locks that they hold stay locked in the child, which can hang it; use `start: forkserver` "
      "or spawn, or fork before there are threads";
  if (world.spec.runtime.version >= warns_itself) {
    text += " (CPython prints a DeprecationWarning here)";
  }
  world.warn(text);
}

void warn_of_lock(const Actor& forking, std::size_t lock, ThreadId holder,
                  const UserProcess& child) {
  Context& world = forking.world;
  world.warn("process '" + child.name + "' was forked at " + text_of(world.now()) +
             " while thread '" + world.os.name(holder) + "' held lock '" +
             world.spec.locks[lock].name + "': in the child it is never released");
}

}  // namespace

void inherit_locks(const Actor& parent, UserProcess& child) {
  UserProcess& from = parent.process;
  if (from.live_threads > 1 && !from.fork_hazard_told) {
    from.fork_hazard_told = true;
    warn_of_threads(parent);
  }
  child.dead_locks = from.dead_locks;
  child.dead_locks.resize(std::max(from.dead_locks.size(), from.locks.size()), false);
  for (std::size_t index = 0; index < from.locks.size(); ++index) {
    const auto holder = from.locks[index] ? from.locks[index]->holder() : std::nullopt;
    if (!holder) {
      continue;
    }
    child.dead_locks[index] = true;
    if (*holder != parent.thread && !from.held_at_fork_told) {
      from.held_at_fork_told = true;
      warn_of_lock(parent, index, *holder, child);
    }
  }
}

}  // namespace timeslice::models
