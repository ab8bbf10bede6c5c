// What a simulated thread does in CPython's C code: enter and leave the interpreter, run bytecode,
// pay for a system call, start and join threads.
//
// In a C++ program (no GIL) enter and leave do nothing. The quick_ forms need no coroutine frame
// and so no memory traffic: use them first where calls are frequent.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "models/python/process.hpp"
#include "sim/process.hpp"
#include "sim/time.hpp"

namespace timeslice::models {

/// Takes the GIL if that needs no waiting.
[[nodiscard]] inline bool quick_enter(Actor& actor) {
  return !actor.process.gil || actor.process.gil->try_take(actor.thread);
}
/// Drops the GIL if nobody is concerned.
[[nodiscard]] inline bool quick_leave(Actor& actor) {
  return !actor.process.gil || actor.process.gil->try_drop(actor.thread);
}
[[nodiscard]] sim::Process<> enter(Actor& actor);
[[nodiscard]] sim::Process<> leave(Actor& actor);

/// CPU time of the runtime's own Python or C code under the GIL; nothing for a cost of zero.
[[nodiscard]] sim::Process<> bytecode(Actor& actor, sim::Duration cost);
/// What library code of `warm` CPU time takes now, with its caches as cold as they are.
[[nodiscard]] sim::Duration library_time(Actor& actor, sim::Duration warm, Code code);
/// Runs it. What has no code of its own is measured cold, as a start of a process is.
[[nodiscard]] sim::Process<> bytecode(Actor& actor, sim::Duration warm, Code code);
/// CPU time in the kernel; nothing for a cost of zero.
[[nodiscard]] sim::Process<> kernel(Actor& actor, sim::Duration cost);

/// The return from a system call to the program: here the kernel lets others go first that it woke
/// meanwhile, so before the GIL is taken again. Without it a thread that polls could keep the GIL
/// from a waiter on the same CPU for ever. Cost: one event.
[[nodiscard]] sim::Process<> return_to_user(Actor& actor);

/// Wakes `thread` if it is blocked and charges the call to `actor`.
[[nodiscard]] sim::Process<> wake(Actor& actor, ThreadId thread);

/// How a new thread is set up.
struct NewThread {
  std::string name;
  std::vector<CpuId> affinity;
  std::optional<int> nice{};  // nothing: that of the thread that creates it
  GroupId group{};
  bool background = false;  // of a program that nobody waits for
  ClassSpec sched{};
  bool serves = false;  // moves others' work along: what it does is no progress by itself
};

/// An actor for a new thread of `process`; it does nothing yet.
[[nodiscard]] Actor& make_actor(Context& world, UserProcess& process, const NewThread& thread);

/// `Thread(...).start()`: returns when the child has begun. `body` runs in the child, under its
/// GIL. Requires: `parent` holds the GIL; same process. C++: returns at once, as std::thread.
[[nodiscard]] sim::Process<> start_thread(Actor& parent, Actor& child, Program body);

/// `thread.join()`. Requires: nobody else joins `child`.
[[nodiscard]] sim::Process<> join_thread(Actor& actor, Actor& child);

}  // namespace timeslice::models
