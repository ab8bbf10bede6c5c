#include "models/world_waits.hpp"

#include <cstdint>

namespace timeslice::models {

namespace {

/// "lock '", "queue '" ...
std::string noun_of_lock(const Context& world, std::uint32_t object) {
  const auto& locks = world.spec.locks;
  switch (object < locks.size() ? locks[object].kind : LockKind::mutex) {
    case LockKind::queue:
      return "queue '";
    case LockKind::semaphore:
      return "semaphore '";
    case LockKind::event:
      return "event '";
    case LockKind::barrier:
      return "barrier '";
    case LockKind::mutex:
    case LockKind::rwlock:
      break;
  }
  return "lock '";
}

std::string wait_text(Context& world, const Actor& actor) {
  const WaitCause cause = world.os.waiting_for(actor.thread);
  switch (cause.what) {
    case WaitFor::lock:
    case WaitFor::pipe_read:
    case WaitFor::pipe_write: {
      std::string text = cause.what == WaitFor::lock ? noun_of_lock(world, cause.object) : "'";
      text += world.object_name(cause.object) + "'";
      const auto holder = world.lock_holder(actor.process, cause.object);
      return holder ? text + " held by " + world.os.name(*holder) : text;
    }
    case WaitFor::condition:
      if (cause.object < world.executors.size()) {
        return "a result of executor '" + world.executors[cause.object]->spec().name + "'";
      }
      return "a condition";
    case WaitFor::join:
      return cause.object < world.os.threads()
                 ? "the end of " + world.os.name(ThreadId{cause.object})
                 : "the end of a thread";
    case WaitFor::child:
      return "process " + std::to_string(cause.object) + " to begin or to end";
    case WaitFor::gil:
    case WaitFor::gil_switch:
      return world.spec.runtime.gil.enabled ? "the GIL" : "the end of a stop of all threads";
    case WaitFor::io:
      return "a device";
    case WaitFor::sleep:
      return "a timer";
    case WaitFor::select:
      return "an event of its loop";
    case WaitFor::idle:
      break;
  }
  return "work";
}

}  // namespace

std::string describe_waits(Context& world) {
  constexpr std::uint32_t most = 8;
  std::string text;
  std::uint32_t told = 0;
  std::uint32_t left_out = 0;
  for (std::uint32_t id = 0; id < world.os.threads(); ++id) {
    const Actor* actor = world.processes.actor_of(ThreadId{id});
    const bool stuck = actor != nullptr && !actor->background && world.os.blocked(actor->thread) &&
                       world.os.waiting_for(actor->thread).what != WaitFor::idle;
    if (!stuck) {
      continue;
    }
    if (told == most) {
      ++left_out;
      continue;
    }
    text += (told == 0 ? "" : "; ") + world.os.name(actor->thread) + " waits for " +
            wait_text(world, *actor);
    ++told;
  }
  if (left_out > 0) {
    text += "; and " + std::to_string(left_out) + " more threads wait";
  }
  return text.empty() ? "nobody waits for anything that could happen" : text;
}

std::string describe_starvation(Context& world) {
  std::string starved;
  std::string runners;
  for (std::uint32_t id = 0; id < world.os.threads(); ++id) {
    const Actor* actor = world.processes.actor_of(ThreadId{id});
    if (actor == nullptr || world.os.blocked(actor->thread) || world.os.finished(actor->thread)) {
      continue;
    }
    const bool runs = world.os.running(actor->thread);
    std::string& text = actor->background ? runners : starved;
    if (runs == actor->background && text.size() < 80) {
      text += (text.empty() ? "" : ", ") + world.os.name(actor->thread);
    }
  }
  if (starved.empty() || runners.empty()) {
    return {};
  }
  const bool fifo = world.spec.os.policy.kind == PolicyKind::fifo;
  return "starvation: " + starved + " is ready but gets no CPU: " +
         (fifo ? "policy fifo never takes one from " : "the policy never takes one from ") +
         runners +
         (world.os.has_classes()
              ? " (lower its class, set os.rt.limit to fair-server or throttle, or give more cores)"
              : " (use a policy with slices such as rr, fewer background threads, or more cores)");
}

}  // namespace timeslice::models
