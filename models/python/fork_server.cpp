#include "models/python/fork_server.hpp"

#include <utility>

#include "models/python/interpreter.hpp"
#include "models/python/start.hpp"
#include "models/work/context.hpp"

namespace timeslice::models {

Program ForkServer::serve() {
  Context& world = actor_.world;
  co_await become_program(actor_);
  world.memory.begin_interpreter(world.now(), actor_.process.id);
  if (!quick_enter(actor_)) {
    co_await enter(actor_);
  }
  const sim::Duration start_cost = world.costs().forkserver_start + preload_;
  world.os.set_starting(actor_.thread, true);
  co_await bytecode(actor_, start_cost);
  world.os.set_starting(actor_.thread, false);
  world.memory.allocate(world.now(), actor_.process.id, preload_memory_);
  while (true) {
    co_await await_request();
    if (!ended_.empty()) {
      co_await reap_one();
    } else {
      co_await fork_one();
    }
  }
}

/// Its select(): returns at once if there is something to do.
sim::Process<> ForkServer::await_request() {
  if (!requests_.empty() || !ended_.empty()) {
    co_return;
  }
  if (!quick_leave(actor_)) {
    co_await leave(actor_);
  }
  const WaitCause cause{.what = WaitFor::idle, .object = 0};
  while (requests_.empty() && ended_.empty()) {
    co_await actor_.world.os.block(actor_.thread, cause);
  }
  if (!quick_enter(actor_)) {
    co_await enter(actor_);
  }
}

sim::Process<> ForkServer::fork_one() {
  Context& world = actor_.world;
  Request request = std::move(requests_.front());
  requests_.pop_front();
  const sim::Duration fork_call = fork_cost(world, actor_.process);
  co_await kernel(actor_, fork_call);
  world.memory.fork(world.now(), actor_.process.id, request.child->process.id, true);
  ++request.child->process.live_threads;
  request.child->process.of_fork_server = true;
  const WakeCause cause{.thread = static_cast<std::uint32_t>(actor_.thread)};
  world.os.start(request.child->thread, std::move(request.program), cause);
  *request.answered = true;
  co_await wake(actor_, request.parent->thread);
}

sim::Process<> ForkServer::reap_one() {
  Actor& child = *ended_.front();
  ended_.pop_front();
  const sim::Duration cost = actor_.world.costs().forkserver_reap;
  co_await bytecode(actor_, cost);
  note_process_reaped(child);
}

sim::Process<> ForkServer::request(Actor& parent, Actor& child, Program program) {
  bool answered = false;
  requests_.push_back({&parent, &child, std::move(program), &answered});
  if (!quick_leave(parent)) {
    co_await leave(parent);
  }
  // connect, sendmsg with the descriptors, write of the pickles: each a call.
  const sim::Duration calls = 3 * parent.world.os_costs().syscall;
  co_await kernel(parent, calls);
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

void ForkServer::child_ended(Actor& child) {
  ended_.push_back(&child);
  actor_.world.os.wake(actor_.thread,
                       WakeCause{.thread = static_cast<std::uint32_t>(child.thread)});
}

}  // namespace timeslice::models
