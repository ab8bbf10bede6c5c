#include "models/python/start.hpp"

#include <algorithm>
#include <utility>

#include "models/work/context.hpp"
#include "sim/expect.hpp"

namespace timeslice::models {

namespace {

/// Resident size of the fork server, a bare interpreter: 11.6 MiB private measured on CPython 3.11.
constexpr Bytes server_resident{12LL << 20};

/// CPU time before the target runs in a fresh child.
sim::Duration begin_cost(const PythonCosts& costs, const ChildPlan& plan) {
  switch (plan.method) {
    case StartMethod::spawn:
      return costs.interpreter_start + plan.import_cost;
    case StartMethod::forkserver:
      return costs.forkserver_child + plan.import_cost;
    case StartMethod::fork:
    case StartMethod::platform_default:
      break;
  }
  return costs.fork_child;
}

/// Copying the page tables of `resident`, or taking them down at the end: measured alike.
sim::Duration page_table_cost(const OsCosts& costs, Bytes resident) {
  constexpr double mib = 1024.0 * 1024.0;
  const double size = static_cast<double>(resident.count) / mib;
  const double pages = static_cast<double>(costs.fork_per_mib.count()) * size;
  return sim::Duration{static_cast<std::int64_t>(pages)};
}

sim::Duration fork_cost(const OsCosts& costs, Bytes resident) {
  return costs.fork + page_table_cost(costs, resident);
}

sim::Duration first_touch_cost(const OsCosts& costs, Bytes memory) {
  constexpr std::int64_t page_bytes = 4096;
  return (memory.count + page_bytes - 1) / page_bytes * costs.page_fault;
}

/// What the main thread of a child process does around its body.
Program child_main(Actor& child, Program body, ChildPlan plan) {
  Context& world = child.world;
  if (!quick_enter(child)) {
    co_await enter(child);
  }
  child.begun = true;
  const sim::Duration before = begin_cost(world.costs(), plan);
  co_await bytecode(child, before);
  if (plan.memory.count > 0) {
    const sim::Duration touch = first_touch_cost(world.os_costs(), plan.memory);
    co_await kernel(child, touch);
  }
  co_await body;
  if (!child.killed) {
    const sim::Duration after = world.costs().child_exit;
    co_await bytecode(child, after);
  }
  if (!quick_leave(child)) {
    co_await leave(child);
  }
  const sim::Duration teardown =
      world.os_costs().process_exit + page_table_cost(world.os_costs(), plan.memory);
  co_await kernel(child, teardown);
  note_process_gone(child);
}

/// The resource tracker: a small interpreter that starts and then waits for messages.
Program tracker_main(Actor& tracker) {
  const sim::Duration cost = tracker.world.costs().resource_tracker;
  if (!quick_enter(tracker)) {
    co_await enter(tracker);
  }
  co_await bytecode(tracker, cost);
  if (!quick_leave(tracker)) {
    co_await leave(tracker);
  }
  const WaitCause cause{.what = WaitFor::idle, .object = 0};
  while (true) {
    co_await tracker.world.os.block(tracker.thread, cause);
  }
}

sim::Process<> start_daemon(Actor& parent, Actor& daemon, Program program) {
  // fork_exec uses vfork: nothing is copied, the parent pays the bare call.
  const sim::Duration cost = parent.world.os_costs().fork;
  co_await kernel(parent, cost);
  ++daemon.process.live_threads;
  const WakeCause cause{.thread = static_cast<std::uint32_t>(parent.thread)};
  parent.world.os.start(daemon.thread, std::move(program), cause);
}

sim::Process<> ensure_tracker(Actor& parent) {
  Context& world = parent.world;
  if (world.tracker_started) {
    co_return;
  }
  world.tracker_started = true;
  const NewThread thread{.name = "resource-tracker", .affinity = {}, .nice = 0, .group = {}};
  Actor& tracker = make_child(parent, thread);
  Program program = tracker_main(tracker);
  co_await start_daemon(parent, tracker, std::move(program));
}

sim::Process<> ensure_server(Actor& parent) {
  Context& world = parent.world;
  if (world.fork_server) {
    co_return;
  }
  const NewThread thread{.name = "fork-server", .affinity = {}, .nice = 0, .group = {}};
  Actor& actor = make_child(parent, thread);
  actor.process.resident = server_resident;
  world.fork_server = std::make_unique<ForkServer>(actor);
  Program program = world.fork_server->serve();
  co_await start_daemon(parent, actor, std::move(program));
}

/// The child inherits thread locks as they are; nobody there can release one that is held.
void inherit_locks(const UserProcess& parent, UserProcess& child) {
  child.dead_locks = parent.dead_locks;
  child.dead_locks.resize(std::max(parent.dead_locks.size(), parent.locks.size()), false);
  for (std::size_t index = 0; index < parent.locks.size(); ++index) {
    if (parent.locks[index] && parent.locks[index]->holder()) {
      child.dead_locks[index] = true;
    }
  }
}

sim::Process<> start_by_fork(Actor& parent, Actor& child, Program program) {
  Context& world = parent.world;
  if (parent.process.live_threads > 1) {
    world.warn(
        "a process is forked while other threads of it run: locks that they hold stay "
        "locked in the child, which can hang it");
  }
  inherit_locks(parent.process, child.process);
  co_await bytecode(parent, world.costs().process_object);
  const sim::Duration cost = fork_cost(world.os_costs(), parent.process.resident);
  co_await kernel(parent, cost);
  ++child.process.live_threads;
  const WakeCause cause{.thread = static_cast<std::uint32_t>(parent.thread)};
  world.os.start(child.thread, std::move(program), cause);
}

sim::Process<> start_by_spawn(Actor& parent, Actor& child, Program program) {
  co_await ensure_tracker(parent);
  co_await bytecode(parent, parent.world.costs().spawn_parent);
  co_await start_daemon(parent, child, std::move(program));
}

sim::Process<> start_by_server(Actor& parent, Actor& child, Program program) {
  co_await ensure_tracker(parent);
  co_await ensure_server(parent);
  co_await bytecode(parent, parent.world.costs().process_object);
  co_await parent.world.fork_server->request(parent, child, std::move(program));
}

}  // namespace

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

Actor& make_child(Actor& parent, const NewThread& thread) {
  Context& world = parent.world;
  UserProcess& process = world.add_process(thread.name, parent.process.resident);
  return make_actor(world, process, thread);
}

sim::Process<> start_process(Actor& parent, Actor& child, Program body, const ChildPlan& plan) {
  const ChildPlan copy = plan;
  Program program = child_main(child, std::move(body), copy);
  parent.world.record(TraceKind::process_created, static_cast<std::uint32_t>(parent.thread),
                      static_cast<std::uint32_t>(child.process.id),
                      static_cast<std::uint64_t>(copy.method));
  switch (copy.method) {
    case StartMethod::spawn:
      co_await start_by_spawn(parent, child, std::move(program));
      break;
    case StartMethod::forkserver:
      co_await start_by_server(parent, child, std::move(program));
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

Program ForkServer::serve() {
  Context& world = actor_.world;
  const sim::Duration start_cost = world.costs().forkserver_start;
  const sim::Duration fork_call = fork_cost(world.os_costs(), actor_.process.resident);
  const WakeCause cause{.thread = static_cast<std::uint32_t>(actor_.thread)};
  if (!quick_enter(actor_)) {
    co_await enter(actor_);
  }
  co_await bytecode(actor_, start_cost);
  while (true) {
    if (requests_.empty()) {
      if (!quick_leave(actor_)) {
        co_await leave(actor_);
      }
      const WaitCause idle{.what = WaitFor::idle, .object = 0};
      while (requests_.empty()) {
        co_await world.os.block(actor_.thread, idle);
      }
      if (!quick_enter(actor_)) {
        co_await enter(actor_);
      }
    }
    Request request = std::move(requests_.front());
    requests_.pop_front();
    co_await kernel(actor_, fork_call);
    ++request.child->process.live_threads;
    world.os.start(request.child->thread, std::move(request.program), cause);
    *request.answered = true;
    co_await wake(actor_, request.parent->thread);
  }
}

sim::Process<> ForkServer::request(Actor& parent, Actor& child, Program program) {
  bool answered = false;
  requests_.push_back({&parent, &child, std::move(program), &answered});
  if (!quick_leave(parent)) {
    co_await leave(parent);
  }
  co_await wake(parent, actor_.thread);
  const WaitCause cause{.what = WaitFor::child,
                        .object = static_cast<std::uint32_t>(child.process.id)};
  while (!answered) {
    co_await parent.world.os.block(parent.thread, cause);
  }
  if (!quick_enter(parent)) {
    co_await enter(parent);
  }
}

}  // namespace timeslice::models
