#include "models/python/start.hpp"

#include <algorithm>
#include <utility>

#include "models/python/fork_hazards.hpp"
#include "models/python/fork_server.hpp"
#include "models/work/context.hpp"

namespace timeslice::models {

namespace {

sim::Duration fault_cost(const OsCosts& costs, Bytes memory) {
  return (memory.count + page_bytes - 1) / page_bytes * costs.page_fault;
}

/// Copying the page tables of `resident`, or taking them down at the end: measured alike.
sim::Duration page_table_cost(const OsCosts& costs, Bytes resident) {
  constexpr double mib = 1024.0 * 1024.0;
  const double size = static_cast<double>(resident.count) / mib;
  const double pages = static_cast<double>(costs.fork_per_mib.count()) * size;
  return sim::Duration{static_cast<std::int64_t>(pages)};
}

/// Of what the child of a start method imports, the rest that the fork server has not done.
struct Imports {
  sim::Duration cost{};
  Bytes memory;
};
Imports imports_of(const Context& world, const ChildPlan& plan) {
  if (plan.method == StartMethod::fork) {
    return {};
  }
  Imports left{.cost = plan.import_cost, .memory = plan.import_memory};
  if (plan.method == StartMethod::forkserver) {
    left.cost = std::max(left.cost - world.fork_server->preloaded(), sim::Duration::zero());
    left.memory.count =
        std::max<std::int64_t>(left.memory.count - world.fork_server->preloaded_memory().count, 0);
  }
  return left;
}

/// The interpreter's part before the target's imports.
sim::Duration begin_cost(const PythonCosts& costs, StartMethod method) {
  switch (method) {
    case StartMethod::spawn:
      return costs.interpreter_start;
    case StartMethod::forkserver:
      return costs.forkserver_child;
    case StartMethod::fork:
    case StartMethod::platform_default:
      break;
  }
  return costs.fork_child;
}

/// Inherited pages that a child overwrites soon after it was forked; their faults are part of what
/// its start was measured to cost. CPython collects all garbage, and so marks every object, once
/// new ones have come to a quarter of the old (long_lived_pending in Modules/gcmodule.c).
Bytes early_writes(const PythonMemory& parts, StartMethod method, Bytes imports) {
  if (method == StartMethod::fork) {
    return parts.fork_writes;
  }
  const bool collects = 4 * imports.count >= parts.interpreter.count;
  return collects ? parts.forkserver_writes + parts.gc_writes : parts.forkserver_writes;
}

/// What a child does between its first instruction and its target.
sim::Process<> get_ready(Actor& child, const ChildPlan& plan) {
  Context& world = child.world;
  const ProcessId id = child.process.id;
  const Imports imports = imports_of(world, plan);
  if (plan.method == StartMethod::spawn) {
    world.memory.begin_interpreter(world.now(), id);
  } else {
    const Bytes soon = early_writes(world.spec.runtime.memory_parts, plan.method, imports.memory);
    world.memory.write_inherited(world.now(), id, soon);
  }
  const sim::Duration before = begin_cost(world.costs(), plan.method) + imports.cost;
  co_await bytecode(child, before);
  world.memory.allocate(world.now(), id, imports.memory);
  if (plan.method == StartMethod::fork && plan.touches.count > 0) {
    const double share = world.spec.runtime.memory_parts.touch_share;
    const Bytes looked_at{
        static_cast<std::int64_t>(static_cast<double>(plan.touches.count) * share)};
    const Bytes copied = world.memory.write_inherited(world.now(), id, looked_at);
    const sim::Duration copying = fault_cost(world.os_costs(), copied);
    co_await kernel(child, copying);
  }
  if (plan.memory.count > 0) {
    const sim::Duration touch = fault_cost(world.os_costs(), plan.memory);
    co_await kernel(child, touch);
    world.memory.allocate(world.now(), id, plan.memory);
  }
}

/// What the main thread of a child process does around its body.
Program child_main(Actor& child, Program body, ChildPlan plan) {
  Context& world = child.world;
  if (plan.method == StartMethod::spawn) {
    co_await become_program(child);
  }
  if (!quick_enter(child)) {
    co_await enter(child);
  }
  child.begun = true;
  const bool begins = plan.method != StartMethod::fork;  // a forked child uses what is there
  world.os.set_starting(child.thread, begins);
  co_await get_ready(child, plan);
  world.os.set_starting(child.thread, false);
  co_await body;
  if (!child.killed) {
    const bool whole = plan.method == StartMethod::spawn;
    world.os.set_starting(child.thread, begins);  // all of it once more, to take it down
    const sim::Duration after = whole ? world.costs().spawn_exit : world.costs().child_exit;
    co_await bytecode(child, after);
  }
  if (!quick_leave(child)) {
    co_await leave(child);
  }
  const Bytes resident = world.memory.resident(child.process.id);
  const sim::Duration teardown =
      world.os_costs().process_exit + page_table_cost(world.os_costs(), resident);
  co_await kernel(child, teardown);
  note_process_gone(child);
}

/// The resource tracker: a small interpreter that starts and then waits for messages.
Program tracker_main(Actor& tracker) {
  Context& world = tracker.world;
  co_await become_program(tracker);
  world.memory.begin_interpreter(world.now(), tracker.process.id);
  const sim::Duration cost = world.costs().resource_tracker;
  if (!quick_enter(tracker)) {
    co_await enter(tracker);
  }
  world.os.set_starting(tracker.thread, true);
  co_await bytecode(tracker, cost);
  world.os.set_starting(tracker.thread, false);
  if (!quick_leave(tracker)) {
    co_await leave(tracker);
  }
  const WaitCause cause{.what = WaitFor::idle, .object = 0};
  while (true) {
    co_await world.os.block(tracker.thread, cause);
  }
}

/// fork_exec of _posixsubprocess.c: by vfork, from 3.10 on. Nothing is copied; the parent pays the
/// bare call and waits, with its GIL, until the child has become its program.
sim::Process<> fork_exec(Actor& parent, Actor& daemon, Program program) {
  const sim::Duration cost = parent.world.os_costs().fork;
  co_await kernel(parent, cost);
  ++daemon.process.live_threads;
  const WakeCause cause{.thread = static_cast<std::uint32_t>(parent.thread)};
  const RuntimeSpec& runtime = parent.world.spec.runtime;
  const bool waits = runtime.platform == Platform::linux_os &&
                     runtime.version >= PythonVersion{.major = 3, .minor = 10};
  if (waits) {
    daemon.process.waits_for_exec = parent.thread;
  }
  parent.world.os.start(daemon.thread, std::move(program), cause);
  const WaitCause until_exec{.what = WaitFor::child,
                             .object = static_cast<std::uint32_t>(daemon.process.id)};
  while (waits && daemon.process.waits_for_exec) {
    co_await parent.world.os.block(parent.thread, until_exec);
  }
}

sim::Process<> ensure_tracker(Actor& parent) {
  Context& world = parent.world;
  if (world.tracker_started || world.spec.runtime.platform == Platform::windows) {
    co_return;
  }
  world.tracker_started = true;
  const NewThread thread{.name = "resource-tracker", .affinity = {}, .nice = {}, .group = {}};
  Actor& tracker = make_child(parent, thread);
  Program program = tracker_main(tracker);
  co_await fork_exec(parent, tracker, std::move(program));
}

sim::Process<> ensure_server(Actor& parent, const ChildPlan& plan) {
  Context& world = parent.world;
  if (world.fork_server) {
    co_return;
  }
  const NewThread thread{.name = "fork-server", .affinity = {}, .nice = {}, .group = {}};
  Actor& actor = make_child(parent, thread);
  const bool preloads = forkserver_preloads_main(world.spec.runtime.version);
  const sim::Duration preload = preloads ? plan.import_cost : sim::Duration::zero();
  const Bytes preload_memory = preloads ? plan.import_memory : Bytes{};
  world.fork_server = std::make_unique<ForkServer>(actor, preload, preload_memory);
  Program program = world.fork_server->serve();
  co_await fork_exec(parent, actor, std::move(program));
}

/// Calls that a start makes in the parent beside the fork: two pipes, and what closes their ends.
sim::Process<> make_pipes(Actor& parent) {
  const sim::Duration calls = 4 * parent.world.os_costs().syscall;
  co_await kernel(parent, calls);
}

sim::Process<> start_by_fork(Actor& parent, Actor& child, Program program) {
  Context& world = parent.world;
  co_await bytecode(parent, world.costs().process_object);  // flushes stdio as well
  co_await make_pipes(parent);
  inherit_locks(parent, child.process);
  const sim::Duration cost = fork_cost(world, parent.process);
  co_await kernel(parent, cost);
  world.memory.fork(world.now(), parent.process.id, child.process.id, false);
  ++child.process.live_threads;
  const WakeCause cause{.thread = static_cast<std::uint32_t>(parent.thread)};
  world.os.start(child.thread, std::move(program), cause);
}

sim::Process<> start_by_spawn(Actor& parent, Actor& child, Program program) {
  co_await ensure_tracker(parent);
  co_await bytecode(parent, parent.world.costs().spawn_parent);  // pickles too
  co_await make_pipes(parent);
  co_await fork_exec(parent, child, std::move(program));
  const sim::Duration pickles = parent.world.os_costs().pipe_message;
  co_await kernel(parent, pickles);
}

sim::Process<> start_by_server(Actor& parent, Actor& child, Program program,
                               const ChildPlan& plan) {
  co_await ensure_tracker(parent);
  co_await ensure_server(parent, plan);
  co_await bytecode(parent, parent.world.costs().process_object);
  co_await make_pipes(parent);
  co_await parent.world.fork_server->request(parent, child, std::move(program));
}

}  // namespace

void end_vfork(Actor& child) {
  if (!child.process.waits_for_exec) {
    return;
  }
  const ThreadId parent = *child.process.waits_for_exec;
  child.process.waits_for_exec.reset();
  child.world.os.wake(parent, {.thread = static_cast<std::uint32_t>(child.thread)});
}

sim::Process<> become_program(Actor& actor) {
  co_await actor.world.os.exec(actor.thread);
  end_vfork(actor);
}

StartMethod resolve_start(StartMethod start, const RuntimeSpec& runtime) {
  if (start != StartMethod::platform_default) {
    return start;
  }
  if (runtime.platform != Platform::linux_os) {
    return StartMethod::spawn;
  }
  return runtime.version < PythonVersion{.major = 3, .minor = 14} ? StartMethod::fork
                                                                  : StartMethod::forkserver;
}

sim::Duration fork_cost(const Context& world, const UserProcess& process) {
  const OsCosts& costs = world.os_costs();
  return costs.fork + page_table_cost(costs, world.memory.resident(process.id));
}

ChildPlan child_plan(const ExecutorSpec& spec, const RuntimeSpec& runtime) {
  return {.method = resolve_start(spec.start, runtime),
          .import_cost = spec.import_cost,
          .import_memory = spec.import_memory,
          .memory = spec.memory,
          .touches = spec.touches};
}

Actor& make_child(Actor& parent, const NewThread& thread) {
  Context& world = parent.world;
  UserProcess& process = world.add_process(thread.name);
  return make_actor(world, process, thread);
}

sim::Process<> start_process(Actor& parent, Actor& child, Program body, const ChildPlan& plan) {
  const ChildPlan copy = plan;
  child.process.of_fork_server = copy.method == StartMethod::forkserver;
  Program program = child_main(child, std::move(body), copy);
  parent.world.record(TraceKind::process_created, static_cast<std::uint32_t>(parent.thread),
                      static_cast<std::uint32_t>(child.process.id),
                      static_cast<std::uint64_t>(copy.method));
  switch (copy.method) {
    case StartMethod::spawn:
      co_await start_by_spawn(parent, child, std::move(program));
      break;
    case StartMethod::forkserver:
      co_await start_by_server(parent, child, std::move(program), copy);
      break;
    case StartMethod::fork:
    case StartMethod::platform_default:
      co_await start_by_fork(parent, child, std::move(program));
      break;
  }
}

sim::Process<> join_process(Actor& actor, Actor& child) {
  if (!quick_leave(actor)) {
    co_await leave(actor);
  }
  const sim::Duration cost = actor.world.os_costs().syscall;
  co_await kernel(actor, cost);
  const WaitCause cause{.what = WaitFor::child,
                        .object = static_cast<std::uint32_t>(child.process.id)};
  while (!child.finished) {
    child.joiner = actor.thread;
    child.joiner_waits = true;
    co_await actor.world.os.block(actor.thread, cause);
  }
  if (!quick_enter(actor)) {
    co_await enter(actor);
  }
}

}  // namespace timeslice::models
