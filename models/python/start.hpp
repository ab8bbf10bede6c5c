// Starting Python processes: fork, spawn and the fork server, each with what it costs.
//
// fork copies the parent's page tables; spawn starts a fresh interpreter; the fork server
// (fork_server.hpp) is a process of its own that forks small children on request. The first spawn
// or fork server also starts the resource tracker. Costs: PythonCosts and OsCosts; see
// docs/models/start-methods.md. What the processes have in memory: process_memory.hpp.
#pragma once

#include "models/pool/executor_spec.hpp"
#include "models/python/interpreter.hpp"
#include "models/python/process.hpp"
#include "sim/process.hpp"

namespace timeslice::models {

/// The start method that `start` stands for: fork on Linux up to 3.13, forkserver from 3.14 on,
/// spawn on macOS and Windows.
[[nodiscard]] StartMethod resolve_start(StartMethod start, const RuntimeSpec& runtime);

/// How a child process is made.
struct ChildPlan {
  StartMethod method = StartMethod::fork;  // resolved
  sim::Duration import_cost{};             // spawn and forkserver
  Bytes import_memory{};                   // spawn and forkserver
  Bytes memory;                            // of its own: touched before the target runs
  Bytes touches{};                         // fork: inherited objects that it looks at before that
};

/// What `spec` says of its workers' start.
[[nodiscard]] ChildPlan child_plan(const ExecutorSpec& spec, const RuntimeSpec& runtime);

/// The call of fork() in `process` as it is now, in the kernel.
[[nodiscard]] sim::Duration fork_cost(const Context& world, const UserProcess& process);

/// An actor for the main thread of a new interpreter process; nothing runs yet.
[[nodiscard]] Actor& make_child(Actor& parent, const NewThread& thread);

/// `Process(...).start()`: returns when the parent may go on. `body` runs in the child, which then
/// ends. Requires: `parent` holds its GIL; `body` belongs to `child`.
[[nodiscard]] sim::Process<> start_process(Actor& parent, Actor& child, Program body,
                                           const ChildPlan& plan);

/// The first act of a process that was made by fork_exec: it becomes its program, perhaps on
/// another CPU, and its parent goes on.
[[nodiscard]] sim::Process<> become_program(Actor& actor);

/// `child` no longer uses the memory of who made it by vfork: that one goes on.
void end_vfork(Actor& child);

/// The kernel has taken `child` down: its parent hears of it, a fork server for its clients. The
/// last act of a child.
void note_process_gone(Actor& child);

/// The end of `child` is known: wakes who joins it and who watches it.
void note_process_reaped(Actor& child);

/// SIGKILL or SIGTERM: ends the child's program wherever it is, and then its process.
/// Requires: `child` is the main thread of a process that was started.
void kill_process(Actor& child);

/// `process.join()`: waits until the child's process is gone.
[[nodiscard]] sim::Process<> join_process(Actor& actor, Actor& child);

}  // namespace timeslice::models
