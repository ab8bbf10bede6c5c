#include "models/python/interpreter.hpp"

#include <utility>

#include "models/work/context.hpp"
#include "sim/expect.hpp"

namespace timeslice::models {

namespace {

/// The end of a thread's last visit to the interpreter.
sim::Process<> leave_for_good(Actor& actor) {
  if (last_drop_waits(actor.world.spec.runtime)) {
    co_await leave(actor);
  } else if (actor.process.gil) {
    co_await actor.process.gil->drop_for_good(actor.thread);
  }
}

/// What every thread does around its body.
Program thread_main(Actor& actor, Program body) {
  if (!quick_enter(actor)) {
    co_await enter(actor);
  }
  actor.begun = true;
  if (actor.joiner_waits) {
    actor.joiner_waits = false;
    co_await wake(actor, actor.joiner);
  }
  co_await body;
  actor.finished = true;
  --actor.process.live_threads;
  if (actor.joiner_waits) {
    actor.joiner_waits = false;
    co_await wake(actor, actor.joiner);
  }
  if (!quick_leave(actor)) {
    co_await leave_for_good(actor);
  }
  const sim::Duration exit_cost = actor.world.os_costs().thread_exit;
  co_await kernel(actor, exit_cost);
}

/// Blocks until `flag` of `child` is set, outside of the interpreter.
sim::Process<> await_flag(Actor& actor, Actor& child, const bool& flag) {
  if (!quick_leave(actor)) {
    co_await leave(actor);
  }
  const WaitCause cause{.what = WaitFor::join, .object = static_cast<std::uint32_t>(child.thread)};
  while (!flag) {
    child.joiner = actor.thread;
    child.joiner_waits = true;
    co_await actor.world.os.block(actor.thread, cause);
  }
  if (!quick_enter(actor)) {
    co_await enter(actor);
  }
}

}  // namespace

sim::Process<> enter(Actor& actor) {
  if (actor.process.gil) {
    co_await actor.process.gil->take(actor.thread);
  }
}

sim::Process<> leave(Actor& actor) {
  if (actor.process.gil) {
    co_await actor.process.gil->drop(actor.thread);
  }
}

sim::Process<> bytecode(Actor& actor, sim::Duration cost) {
  if (cost <= sim::Duration::zero()) {
    co_return;
  }
  if (actor.process.gil) {
    co_await actor.process.gil->run(actor.thread, sim::as_ns(cost));
    co_return;
  }
  const Work work{.kind = WorkKind::native, .nominal_ns = sim::as_ns(cost)};
  co_await actor.world.os.run(actor.thread, work);
}

sim::Duration library_time(Actor& actor, sim::Duration warm, Code code) {
  const ColdCode& cold = actor.world.spec.machine.cold_code;
  if (cold.factor <= 0.0 || warm <= sim::Duration::zero() || !actor.world.python()) {
    return warm;
  }
  const CpuId cpu = actor.world.os.cpu_of(actor.thread);
  return actor.process.code_caches.run(cold, cpu, code, warm, actor.world.now(),
                                       actor.world.os.left_idle(cpu));
}

sim::Process<> bytecode(Actor& actor, sim::Duration warm, Code code) {
  return bytecode(actor, library_time(actor, warm, code));
}

sim::Process<> kernel(Actor& actor, sim::Duration cost) {
  if (cost <= sim::Duration::zero()) {
    co_return;
  }
  const Work work{.kind = WorkKind::kernel, .nominal_ns = sim::as_ns(cost)};
  co_await actor.world.os.run(actor.thread, work);
}

sim::Process<> return_to_user(Actor& actor) {
  const Work nothing{.kind = WorkKind::native, .nominal_ns = 0.0};
  co_await actor.world.os.run(actor.thread, nothing);
}

sim::Process<> wake(Actor& actor, ThreadId thread) {
  const WakeCause cause{.thread = static_cast<std::uint32_t>(actor.thread)};
  const bool woken = actor.world.os.wake(thread, cause);
  if (woken) {
    const sim::Duration cost = actor.world.os_costs().wake_syscall;
    co_await kernel(actor, cost);
  }
}

Actor& make_actor(Context& world, UserProcess& process, const NewThread& thread) {
  const bool inherits = thread.group == GroupId{0} && !thread.background;
  const ThreadSpec spec{.name = thread.name,
                        .process = process.id,
                        .group = inherits ? world.spec.os.program_group : thread.group,
                        .nice = thread.nice,
                        .affinity = thread.affinity,
                        .sched = thread.sched,
                        .background = thread.background || thread.serves};
  Actor& actor = world.processes.add_actor(world, process, spec);
  actor.background = thread.background;
  actor.serves = thread.serves;
  return actor;
}

sim::Process<> start_thread(Actor& parent, Actor& child, Program body) {
  sim::expect(&parent.process == &child.process, "a thread starts in its creator's process");
  Context& world = parent.world;
  if (world.python()) {
    co_await bytecode(parent, world.costs().thread_object);
  }
  const sim::Duration clone_cost = world.os_costs().thread_start;
  co_await kernel(parent, clone_cost);
  ++child.process.live_threads;
  Program program = thread_main(child, std::move(body));
  const WakeCause cause{.thread = static_cast<std::uint32_t>(parent.thread)};
  world.os.start(child.thread, std::move(program), cause);
  if (world.python()) {
    co_await await_flag(parent, child, child.begun);
  }
}

sim::Process<> join_thread(Actor& actor, Actor& child) {
  if (!child.finished) {
    co_await await_flag(actor, child, child.finished);
  }
}

}  // namespace timeslice::models
