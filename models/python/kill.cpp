// How a child process ends: by itself, and by a signal.
#include "models/python/fork_server.hpp"
#include "models/python/start.hpp"
#include "models/work/context.hpp"

namespace timeslice::models {

namespace {

/// What the kernel still does for a process that a signal ended.
Program last_of(Actor& child) {
  child.place = nullptr;
  if (child.process.gil && child.process.gil->held_by(child.thread)) {
    static_cast<void>(child.process.gil->try_drop(child.thread));
  }
  const sim::Duration teardown = child.world.os_costs().process_exit;
  co_await kernel(child, teardown);
  note_process_gone(child);
}

}  // namespace

void note_process_gone(Actor& child) {
  Context& world = child.world;
  child.process.exited = true;
  end_vfork(child);  // killed before it became its program
  --child.process.live_threads;
  world.memory.end(world.now(), child.process.id);
  world.record(TraceKind::process_exited, static_cast<std::uint32_t>(child.thread),
               static_cast<std::uint32_t>(child.process.id), 0);
  if (child.process.of_fork_server) {
    world.fork_server->child_ended(child);
  } else {
    note_process_reaped(child);
  }
}

void note_process_reaped(Actor& child) {
  child.finished = true;
  if (child.joiner_waits) {
    child.joiner_waits = false;
    child.world.os.wake(child.joiner,
                        WakeCause{.thread = static_cast<std::uint32_t>(child.thread)});
  }
  if (child.watch != nullptr) {
    child.watch->child_gone(child);
  }
}

void kill_process(Actor& child) {
  if (child.finished || child.killed) {
    return;
  }
  child.killed = true;
  child.world.os.kill(child.thread, last_of(child));
}

}  // namespace timeslice::models
