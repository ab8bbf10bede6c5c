#include "models/aio/coroutine_steps.hpp"

#include <memory>
#include <utility>

#include "models/aio/event_loop.hpp"
#include "models/work/program.hpp"

namespace timeslice::models {

namespace {

/// What a timer or a device wakes: lag counts from when it was due, reckoned from the call.
sim::Process<> wait_in_loop(Actor& actor, AwaitStep::What what, sim::Duration duration) {
  EventLoop& loop = *actor.loop;
  const EventLoopCosts& costs = loop.costs();
  const sim::Instant due = actor.world.now() + duration;
  if (what == AwaitStep::What::io) {
    co_await bytecode(actor, costs.io_start, Code::loop_wait);
    loop.wake_by_device(duration);
  } else {
    if (duration > sim::Duration::zero()) {
      co_await bytecode(actor, costs.timer_set, Code::loop_wait);
    }
    loop.wake_after(duration);
  }
  co_await loop.suspend();
  if (duration > sim::Duration::zero() && !actor.cancelled) {
    loop.note_lag(actor.world.now() - due);
  }
}

/// run_in_executor for every item of `batch`.
sim::Process<> await_executor(Actor& actor, BatchId batch, bool gathers) {
  Context& world = actor.world;
  const std::uint32_t count = world.items.batch(batch).count;
  if (count == 0) {
    co_return;
  }
  const EventLoopCosts& costs = actor.loop->costs();
  auto wait = std::make_unique<AsyncWait>(AsyncWait{.loop = actor.loop,
                                                    .who = actor.loop->current(),
                                                    .item = gathers ? AsyncWait::all : 0,
                                                    .left = count});
  world.items.batch(batch).awaits.push_back(wait.get());
  Executor& executor = *world.executors[index_of(world.items.batch(batch).executor)];
  co_await executor.submit(actor, batch);
  const sim::Duration each =
      costs.wrap_future + (gathers ? costs.gather_child / 2 : sim::Duration{});
  const sim::Duration cost = each * count;
  co_await bytecode(actor, cost);
  actor.loop->wait_for_threads(batch, *wait);
  co_await actor.loop->suspend();
  if (wait->abandoned) {
    actor.loop->keep(std::move(wait));
  }
}

}  // namespace

sim::Process<> run_timeout(Actor& actor, const TimeoutStep& step, DrawScope scope,
                           std::uint32_t number) {
  EventLoop& loop = *actor.loop;
  if (actor.world.spec.runtime.version < PythonVersion{.major = 3, .minor = 11}) {
    actor.world.warn(
        "asyncio.timeout is there from Python 3.11 on; before that, wait_for takes a "
        "task more for each, which the simulated program does not");
  }
  const sim::Duration after = sample(step.after, actor.world.random, draw_key(scope, number));
  co_await bytecode(actor, loop.costs().timeout, Code::loop_wait);
  Deadline deadline;
  loop.begin_timeout(deadline, after);
  co_await run_steps(actor, step.body, scope);
  loop.end_timeout(deadline);
}

sim::Process<> run_await(Actor& actor, const AwaitStep& step, DrawScope scope,
                         std::uint32_t number) {
  Context& world = actor.world;
  if (step.what != AwaitStep::What::task) {
    const sim::Duration duration = sample(step.duration, world.random, draw_key(scope, number));
    co_await wait_in_loop(actor, step.what, duration);
    co_return;
  }
  if (!step.executor) {
    const DrawScope inner = call_scope(scope, number, world.task_keys[index_of(step.task)]);
    co_await run_steps(actor, world.spec.tasks[index_of(step.task)].steps, inner);
    co_return;
  }
  Batch batch;
  batch.task = step.task;
  batch.executor = *step.executor;
  batch.count = 1;
  const BatchId id = world.items.add(batch, nested_item(scope, number, 0));
  if (in_own_loop(actor, *step.executor)) {
    co_await create_tasks(actor, id);
    co_await await_tasks(actor, id);
  } else {
    co_await await_executor(actor, id, false);
  }
}

sim::Process<> gather_items(Actor& actor, BatchId batch) {
  const ExecutorIndex executor = actor.world.items.batch(batch).executor;
  if (in_own_loop(actor, executor)) {
    co_await actor.loop->gather(batch);
  } else {
    co_await await_executor(actor, batch, true);
  }
}

bool in_own_loop(const Actor& actor, ExecutorIndex executor) {
  return actor.loop != nullptr && actor.loop->executor() == executor;
}

ExecutorIndex own_loop(const Actor& actor) {
  return actor.loop->executor();
}

sim::Process<> create_tasks(Actor& actor, BatchId batch) {
  const sim::Duration nothing_more{};
  co_await actor.loop->create_tasks(batch, nothing_more);
}

sim::Process<> await_tasks(Actor& actor, BatchId batch) {
  Context& world = actor.world;
  const std::uint32_t count = world.items.batch(batch).count;
  for (std::uint32_t offset = 0; offset < count; ++offset) {
    const ItemId item = item_of(world.items.batch(batch), offset);
    if (world.items.item(item).is_readable()) {
      continue;
    }
    AsyncWait wait{.loop = actor.loop, .who = actor.loop->current(), .item = offset, .left = 1};
    world.items.batch(batch).awaits.push_back(&wait);
    actor.loop->wait_for_tasks(batch, offset);
    co_await actor.loop->suspend();
    if (actor.cancelled) {
      co_return;
    }
  }
}

}  // namespace timeslice::models
