#include "models/work/program.hpp"

#include <algorithm>
#include <utility>

#include "models/aio/coroutine_steps.hpp"
#include "models/python/interpreter.hpp"
#include "models/work/context.hpp"
#include "models/work/faults.hpp"
#include "models/work/look_ahead.hpp"
#include "models/work/monitor.hpp"
#include "models/work/periodic.hpp"
#include "models/work/scheduling_steps.hpp"
#include "sim/expect.hpp"

namespace timeslice::models {

namespace {

sim::Duration draw(Actor& actor, const Distribution& distribution, const DrawScope& scope,
                   std::uint32_t step) {
  return sample(distribution, actor.world.random, draw_key(scope, step));
}

/// Until `drop_character` the CPU work of the thread does more to the machine than take time. Not
/// undone by a destructor: a program that is thrown away in the middle outlives the world around
/// it.
void take_character(Actor& actor, std::uint32_t character) {
  if (character != no_character) {
    actor.world.os.set_character(actor.thread, character);
  }
}

void drop_character(Actor& actor, std::uint32_t character) {
  if (character != no_character) {
    actor.world.os.set_character(actor.thread, no_character);
  }
}

/// What the next part of CPU work takes that is cut where it reads its thread's CPU clock.
double next_part(double left_ns, sim::Duration timed_part) {
  const double part = sim::as_ns(timed_part);
  return part > 0.0 && left_ns >= 1.5 * part ? part : left_ns;
}

void read_clock(Actor& actor, sim::Duration timed_part) {
  if (timed_part > sim::Duration::zero()) {
    actor.world.os.update_run_time(actor.thread);
  }
}

sim::Process<> run_python(Actor& actor, sim::Duration duration, const PythonStep& step) {
  sim::expect(actor.process.gil != nullptr, "python steps run in an interpreter");
  const sim::Duration taken = step.surrounds ? library_time(actor, duration, Code::task) : duration;
  const double nominal = sim::as_ns(taken) * python_stretch(actor.world.spec.runtime);
  take_character(actor, step.character);
  double left = nominal;
  do {
    const double part = next_part(left, step.timed_part);
    read_clock(actor, step.timed_part);
    co_await actor.process.gil->run(actor.thread, part, step.shared);
    read_clock(actor, step.timed_part);
    left -= part;
  } while (left > 0.0);
  drop_character(actor, step.character);
}

sim::Process<> run_memory(Actor& actor, const MemoryStep& step) {
  if (!quick_leave(actor)) {
    co_await leave(actor);
  }
  const double nominal = step.units * actor.world.os.unit_ns(step.character);
  take_character(actor, step.character);
  co_await actor.world.os.run(actor.thread, Work{.kind = WorkKind::memory, .nominal_ns = nominal});
  drop_character(actor, step.character);
  if (!quick_enter(actor)) {
    co_await enter(actor);
  }
}

sim::Process<> run_native_part(Actor& actor, Work work, const NativeStep& step) {
  if (!step.holds_gil && !quick_leave(actor)) {
    co_await leave(actor);
  }
  take_character(actor, step.character);
  co_await actor.world.os.run(actor.thread, work);
  drop_character(actor, step.character);
  if (step.holds_gil) {
    // The interpreter looks at the eval breaker after each call into C.
    Gil* gil = actor.process.gil.get();
    if (gil != nullptr && gil->asked_to_drop(actor.thread)) {
      co_await gil->look(actor.thread);
    }
  } else if (!quick_enter(actor)) {
    co_await enter(actor);
  }
}

sim::Process<> run_native(Actor& actor, sim::Duration duration, const NativeStep& step) {
  double left = sim::as_ns(duration) / actor.world.spec.runtime.factor.native;
  do {
    const Work work{.kind = WorkKind::native, .nominal_ns = next_part(left, step.timed_part)};
    read_clock(actor, step.timed_part);  // with the GIL: who is preempted here keeps it
    co_await run_native_part(actor, work, step);
    read_clock(actor, step.timed_part);
    left -= work.nominal_ns;
  } while (left > 0.0);
}

enum class Away { io, sleep };

sim::Process<> go_away(Actor& actor, sim::Duration duration, Away how) {
  if (!quick_leave(actor)) {
    co_await leave(actor);
  }
  Dispatcher& os = actor.world.os;
  const sim::Duration timer = how == Away::sleep ? os.timer_cost(duration) : sim::Duration::zero();
  const sim::Duration call_cost = actor.world.os_costs().syscall + timer;
  co_await kernel(actor, call_cost);
  announce_rest(actor);
  if (how == Away::io) {
    static_cast<void>(co_await os.wait_for_device(actor.thread, duration));
  } else {
    // Its end is fixed before the timer is set, so that is part of it.
    const sim::Duration left = std::max(duration - timer, sim::Duration::zero());
    static_cast<void>(co_await os.sleep(actor.thread, left));
  }
  if (!quick_enter(actor)) {
    co_await enter(actor);
  }
}

Mutex& lock_for(Actor& actor, LockIndex lock) {
  Context& world = actor.world;
  const std::size_t index = index_of(lock);
  if (world.spec.locks[index].scope == LockScope::process) {
    return *world.shared_locks[index];
  }
  std::vector<std::unique_ptr<Mutex>>& own = actor.process.locks;
  if (own.size() <= index) {
    own.resize(index + 1);
  }
  if (!own[index]) {
    own[index] = std::make_unique<Mutex>(world.os, static_cast<std::uint32_t>(index),
                                         world.inheritance_of(lock),
                                         world.lock_lines(world.spec.locks[index].scope));
  }
  return *own[index];
}

/// Whether the process was forked while somebody held its copy of the lock.
bool is_dead(const Actor& actor, LockIndex lock) {
  const std::vector<bool>& dead = actor.process.dead_locks;
  return index_of(lock) < dead.size() && dead[index_of(lock)];
}

/// A lock that is taken twice by the same thread, or is dead, is never free again for it.
sim::Process<> hang(Actor& actor, LockIndex lock) {
  if (!quick_leave(actor)) {
    co_await leave(actor);
  }
  const WaitCause cause{.what = WaitFor::lock, .object = static_cast<std::uint32_t>(lock)};
  while (true) {
    co_await actor.world.os.block(actor.thread, cause);
  }
}

sim::Process<> run_inside(Actor& actor, Monitor& monitor, const WithStep& step, DrawScope scope) {
  co_await monitor.acquire(actor, step.reads);
  co_await run_steps(actor, step.body, scope);
  co_await monitor.release(actor, step.reads);
}

sim::Process<> run_locked(Actor& actor, const WithStep& step, DrawScope scope) {
  if (Monitor* monitor = actor.world.monitors[index_of(step.lock)].get(); monitor != nullptr) {
    co_await run_inside(actor, *monitor, step, scope);
    co_return;
  }
  Mutex& lock = lock_for(actor, step.lock);
  if (lock.holder() == actor.thread || is_dead(actor, step.lock)) {
    co_await hang(actor, step.lock);
  }
  if (actor.world.python()) {
    co_await bytecode(actor, actor.world.costs().lock, Code::lock);
  }
  // Lock.acquire tries without releasing the GIL first (facts: CPython, _threadmodule.c).
  if (!lock.try_lock(actor.thread)) {
    if (!quick_leave(actor)) {
      co_await leave(actor);
    }
    co_await lock.lock(actor.thread);
    if (!quick_enter(actor)) {
      co_await enter(actor);
    }
  }
  if (lock.has_lines()) {
    co_await actor.world.os.pay_call(actor.thread);
  }
  co_await run_steps(actor, step.body, scope);
  if (!lock.try_unlock(actor.thread)) {
    co_await lock.unlock(actor.thread);
  }
}

/// Whether the steps neither do nor draw anything, however often they are repeated.
bool do_nothing(const Steps& steps) {
  return std::ranges::all_of(steps, [](const Step& step) {
    const auto* repeat = std::get_if<RepeatStep>(&step.what);
    return repeat != nullptr && (repeat->times == 0 || do_nothing(repeat->body));
  });
}

sim::Process<> run_repeat(Actor& actor, const RepeatStep& step, DrawScope scope) {
  if (do_nothing(step.body)) {
    co_return;
  }
  Place here{.steps = &step.body, .turns = step.times, .scope = scope, .around = actor.place};
  actor.place = &here;
  for (std::uint64_t turn = 0; turn < step.times; ++turn) {
    here.next = turn + 1;
    const DrawScope inner = loop_scope(scope, turn);
    co_await run_steps(actor, step.body, inner);
    if (actor.cancelled) {
      break;
    }
  }
  actor.place = here.around;
}

sim::Process<> run_choice(Actor& actor, const ChooseStep& step, DrawScope scope,
                          std::uint32_t number) {
  double left = actor.world.random.uniform(draw_key(scope, number));
  for (const Choice& choice : step.choices) {
    if (left < choice.probability) {
      co_await run_steps(actor, choice.body, scope);
      co_return;
    }
    left -= choice.probability;
  }
}

sim::Process<> run_call(Actor& actor, const CallStep& step, DrawScope scope, std::uint32_t number) {
  Context& world = actor.world;
  const DrawScope inner = call_scope(scope, number, world.task_keys[index_of(step.task)]);
  co_await run_steps(actor, world.spec.tasks[index_of(step.task)].steps, inner);
}

std::uint64_t map_chunksize(Context& world, const MapStep& step) {
  const ExecutorSpec& spec = world.spec.executors[index_of(step.executor)];
  if (step.chunksize) {
    return std::max<std::uint64_t>(*step.chunksize, 1);
  }
  if (spec.chunksize) {
    return std::max<std::uint64_t>(*spec.chunksize, 1);
  }
  if (step.order != MapOrder::whole || spec.kind != ExecutorKind::processes) {
    return 1;  // imap, and ProcessPoolExecutor.map; other executors do not look at it
  }
  const std::uint32_t workers = resolve_workers(spec, world.spec);
  return std::max<std::uint64_t>(pool_chunksize(step.items, workers), 1);
}

sim::Process<> run_map(Actor& actor, const MapStep& step, DrawScope scope, std::uint32_t number) {
  if (step.items == 0) {
    co_return;
  }
  Context& world = actor.world;
  Batch batch;
  batch.task = step.task;
  batch.executor = step.executor;
  batch.count = static_cast<std::uint32_t>(step.items);
  batch.chunksize = map_chunksize(world, step);
  batch.whole = step.order == MapOrder::whole;
  batch.lazy = !batch.whole;
  batch.in_order = step.order != MapOrder::unordered;
  const BatchId id =
      world.items.add(batch, first_number(world, step.task, step.items, scope, number));
  Executor& executor = *world.executors[index_of(step.executor)];
  co_await executor.submit(actor, id);
  co_await executor.wait(actor, id);
}

/// From main it is a map; in a coroutine it awaits. Without an executor: the loop of the coroutine.
sim::Process<> run_gather(Actor& actor, const GatherStep& step, DrawScope scope,
                          std::uint32_t number) {
  if (step.items == 0) {
    co_return;
  }
  Context& world = actor.world;
  Batch batch;
  batch.task = step.task;
  batch.executor = step.executor ? *step.executor : own_loop(actor);
  batch.count = static_cast<std::uint32_t>(step.items);
  batch.whole = true;
  const BatchId id =
      world.items.add(batch, first_number(world, step.task, step.items, scope, number));
  if (actor.loop != nullptr) {
    co_await gather_items(actor, id);
    co_return;
  }
  Executor& executor = *world.executors[index_of(batch.executor)];
  co_await executor.submit(actor, id);
  co_await executor.wait(actor, id);
}

sim::Process<> run_submit(Actor& actor, const SubmitStep& step, DrawScope scope,
                          std::uint32_t number) {
  if (step.items == 0) {
    co_return;
  }
  Context& world = actor.world;
  Batch batch;
  batch.task = step.task;
  batch.executor = step.executor;
  batch.count = static_cast<std::uint32_t>(step.items);
  const BatchId id =
      world.items.add(batch, first_number(world, step.task, step.items, scope, number));
  world.futures[index_of(step.as)].push_back(id);
  if (in_own_loop(actor, step.executor)) {
    co_await create_tasks(actor, id);
    co_return;
  }
  Executor& executor = *world.executors[index_of(step.executor)];
  co_await executor.submit(actor, id);
}

sim::Process<> run_join(Actor& actor, const JoinStep& step) {
  Context& world = actor.world;
  const std::size_t future = index_of(step.future);
  // Batches may be added while this thread waits: those were not submitted so far.
  const std::size_t submitted = world.futures[future].size();
  for (std::size_t i = 0; i < submitted && !actor.cancelled; ++i) {
    const BatchId id = world.futures[future][i];
    if (world.items.batch(id).unread == 0) {
      continue;
    }
    const ExecutorIndex executor = world.items.batch(id).executor;
    if (in_own_loop(actor, executor)) {
      co_await await_tasks(actor, id);
    } else {
      co_await world.executors[index_of(executor)]->wait(actor, id);
    }
  }
}

/// Steps that hold other steps or hand work over.
sim::Process<> run_structured(Actor& actor, const Step& step, DrawScope scope) {
  if (const auto* call = std::get_if<CallStep>(&step.what)) {
    co_await run_call(actor, *call, scope, step.number);
  } else if (const auto* with = std::get_if<WithStep>(&step.what)) {
    co_await run_locked(actor, *with, scope);
  } else if (const auto* repeat = std::get_if<RepeatStep>(&step.what)) {
    co_await run_repeat(actor, *repeat, scope);
  } else if (const auto* timeout = std::get_if<TimeoutStep>(&step.what)) {
    co_await run_timeout(actor, *timeout, scope, step.number);
  } else if (const auto* choose = std::get_if<ChooseStep>(&step.what)) {
    co_await run_choice(actor, *choose, scope, step.number);
  } else if (const auto* map = std::get_if<MapStep>(&step.what)) {
    co_await run_map(actor, *map, scope, step.number);
  } else if (const auto* submit = std::get_if<SubmitStep>(&step.what)) {
    co_await run_submit(actor, *submit, scope, step.number);
  } else if (const auto* join = std::get_if<JoinStep>(&step.what)) {
    co_await run_join(actor, *join);
  } else if (std::holds_alternative<YieldStep>(step.what)) {
    co_await run_yield(actor);
  } else if (const auto* nice = std::get_if<NiceStep>(&step.what)) {
    co_await run_nice(actor, *nice);
  } else if (const auto* sync = std::get_if<SyncStep>(&step.what)) {
    announce_rest(actor);
    co_await actor.world.monitors[index_of(sync->lock)]->step(actor, sync->what);
  } else if (const auto* gather = std::get_if<GatherStep>(&step.what)) {
    co_await run_gather(actor, *gather, scope, step.number);
  } else if (const auto* kill = std::get_if<KillStep>(&step.what)) {
    plan_kill(actor, *kill);
  } else if (const auto* periodic = std::get_if<PeriodicStep>(&step.what)) {
    co_await add_periodic(actor, *periodic, step.number);
    const Place& here = *actor.place;
    const bool another = here.next < here.steps->size() &&
                         std::holds_alternative<PeriodicStep>((*here.steps)[here.next].what);
    if (!another) {
      co_await release_periodic(actor);
    }
  }
}

}  // namespace

sim::Process<> run_steps(Actor& actor, const Steps& steps, DrawScope scope) {
  Place here{.steps = &steps, .scope = scope, .around = actor.place};
  actor.place = &here;
  for (const Step& step : steps) {
    ++here.next;
    if (const auto* python = std::get_if<PythonStep>(&step.what)) {
      const sim::Duration duration = draw(actor, python->duration, scope, step.number);
      co_await run_python(actor, duration, *python);
    } else if (const auto* native = std::get_if<NativeStep>(&step.what)) {
      const sim::Duration duration = draw(actor, native->duration, scope, step.number);
      co_await run_native(actor, duration, *native);
    } else if (const auto* memory = std::get_if<MemoryStep>(&step.what)) {
      co_await run_memory(actor, *memory);
    } else if (const auto* io = std::get_if<IoStep>(&step.what)) {
      const sim::Duration duration = draw(actor, io->duration, scope, step.number);
      co_await go_away(actor, duration, Away::io);
    } else if (const auto* sleep = std::get_if<SleepStep>(&step.what)) {
      const sim::Duration duration = draw(actor, sleep->duration, scope, step.number);
      co_await go_away(actor, duration, Away::sleep);
    } else if (const auto* await = std::get_if<AwaitStep>(&step.what)) {
      co_await run_await(actor, *await, scope, step.number);
    } else {
      co_await run_structured(actor, step, scope);
    }
    if (!actor.background) {
      actor.world.engine.note_progress();
    }
    if (actor.cancelled) {
      break;
    }
  }
  actor.place = here.around;
}

std::uint32_t first_number(Context& world, TaskIndex task, std::uint64_t items,
                           const DrawScope& scope, std::uint32_t step) {
  if (scope.task != main_scope().task) {
    return nested_item(scope, step, 0);
  }
  std::uint32_t& next = world.next_number[index_of(task)];
  const std::uint32_t first = next;
  next += static_cast<std::uint32_t>(items);
  return first;
}

double python_stretch(const RuntimeSpec& runtime) {
  const double stretch = 1.0 / runtime.factor.python;
  return is_free_threaded(runtime) ? stretch * free_threading_stretch(runtime) : stretch;
}

}  // namespace timeslice::models
