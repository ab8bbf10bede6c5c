#include "models/work/periodic.hpp"

#include <string>
#include <utility>

#include "models/python/interpreter.hpp"
#include "models/work/context.hpp"
#include "models/work/look_ahead.hpp"
#include "models/work/program.hpp"
#include "models/work/thread_names.hpp"

namespace timeslice::models {

namespace {

sim::Process<> park(Actor& actor, PeriodicTask& task) {
  PeriodicTasks& tasks = *actor.world.periodic;
  if (!quick_leave(actor)) {
    co_await leave(actor);
  }
  ++tasks.parked;
  if (tasks.awaiting != nullptr && tasks.parked == tasks.all.size()) {
    co_await wake(actor, tasks.awaiting->thread);
  }
  while (!task.released) {
    co_await actor.world.os.block(actor.thread, WaitCause{.what = WaitFor::idle, .object = 0});
  }
  if (!quick_enter(actor)) {
    co_await enter(actor);
  }
}

/// Announces the job, and sleeps until its release if that is still to come.
sim::Process<> await_release(Actor& actor, PeriodicTask& task) {
  Dispatcher& os = actor.world.os;
  if (task.job.released <= actor.world.now()) {
    os.begin_job(actor.thread, task.job);
    co_return;
  }
  if (!quick_leave(actor)) {
    co_await leave(actor);
  }
  const sim::Duration call_cost = actor.world.os_costs().syscall;
  co_await kernel(actor, call_cost);
  os.begin_job(actor.thread, task.job);
  const sim::Instant now = actor.world.now();
  if (now < task.job.released) {
    static_cast<void>(co_await os.sleep(actor.thread, task.job.released - now));
  }
  if (!quick_enter(actor)) {
    co_await enter(actor);
  }
}

std::uint32_t stream_of(const PeriodicTask& task) {
  return mix(task_key("(periodic)"), task.number);
}

DrawScope scope_of(const Context& world, const PeriodicTask& task, std::uint32_t count) {
  return {.task = world.task_keys[index_of(task.step->task)],
          .item = mix(stream_of(task), count),
          .count = 0};
}

Job job_of(const Context& world, const PeriodicTask& task, sim::Instant release,
           const DrawScope& scope) {
  const Steps& steps = world.spec.tasks[index_of(task.step->task)].steps;
  return {.length = looks_ahead(world) ? burst_of(world, steps, scope) : sim::Duration::zero(),
          .released = release,
          .deadline = release + task.deadline,
          .period = period_of(*task.step),
          .priority = task.step->priority};
}

Program periodic_program(Actor& actor, PeriodicTask& task) {
  Context& world = actor.world;
  co_await park(actor, task);
  const PeriodicStep& step = *task.step;
  const Steps& steps = world.spec.tasks[index_of(step.task)].steps;
  const sim::Instant end = task.zero + step.length;
  actor.job = &task.job;
  std::uint32_t count = 0;
  for (sim::Instant release = task.zero + step.offset; release < end; ++count) {
    const DrawScope scope = scope_of(world, task, count);
    task.job = job_of(world, task, release, scope);
    co_await await_release(actor, task);
    co_await run_steps(actor, steps, scope);
    const sim::Duration response = world.now() - release;
    task.responses.push_back(response.count());
    task.misses += response > task.deadline ? 1U : 0U;
    const sim::DrawKey key{.task = stream_of(task), .item = 0, .step = 0, .count = count};
    release += sample(step.every, world.random, key);
  }
}

}  // namespace

sim::Duration period_of(const PeriodicStep& step) {
  const double least = least_ns(step.every);
  return sim::Duration{static_cast<std::int64_t>(least > 0.0 ? least : mean_ns(step.every))};
}

sim::Process<> add_periodic(Actor& main, const PeriodicStep& step, std::uint32_t number) {
  Context& world = main.world;
  if (!world.periodic) {
    world.periodic = std::make_unique<PeriodicTasks>();
  }
  const std::string& task_name = world.spec.tasks[index_of(step.task)].name;
  const NewThread thread{
      .name = free_thread_name(world, task_name), .affinity = step.pin, .nice = {}, .group = {}};
  PeriodicTask& task = world.periodic->all.emplace_back();
  task.step = &step;
  task.number = number;
  task.deadline = step.deadline.value_or(period_of(step));
  task.actor = &make_actor(world, main.process, thread);
  Program program = periodic_program(*task.actor, task);
  co_await start_thread(main, *task.actor, std::move(program));
}

sim::Process<> release_periodic(Actor& main) {
  Context& world = main.world;
  PeriodicTasks& tasks = *world.periodic;
  if (!quick_leave(main)) {
    co_await leave(main);
  }
  while (tasks.parked < tasks.all.size()) {
    tasks.awaiting = &main;
    const auto last = static_cast<std::uint32_t>(tasks.all.back().actor->thread);
    co_await world.os.block(main.thread, WaitCause{.what = WaitFor::join, .object = last});
  }
  tasks.awaiting = nullptr;
  std::size_t waiting = 0;
  for (const PeriodicTask& task : tasks.all) {
    waiting += task.released ? 0U : 1U;
  }
  const sim::Duration calls = world.os_costs().wake_syscall * static_cast<std::int64_t>(waiting);
  co_await kernel(main, calls);
  for (PeriodicTask& task : tasks.all) {
    if (!task.released) {
      task.released = true;
      task.zero = world.now();
      // Announced for it, so that it takes the CPU from whom it should when it is woken.
      const sim::Instant release = task.zero + task.step->offset;
      task.job = job_of(world, task, release, scope_of(world, task, 0));
      world.os.begin_job(task.actor->thread, task.job);
      world.os.wake(task.actor->thread,
                    WakeCause{.thread = static_cast<std::uint32_t>(main.thread)});
    }
  }
  if (!quick_enter(main)) {
    co_await enter(main);
  }
}

sim::Process<> join_periodic(Actor& main) {
  if (!main.world.periodic) {
    co_return;
  }
  for (PeriodicTask& task : main.world.periodic->all) {
    co_await join_thread(main, *task.actor);
  }
}

}  // namespace timeslice::models
