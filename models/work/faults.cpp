#include "models/work/faults.hpp"

#include <string>

#include "models/python/interpreter.hpp"
#include "models/work/context.hpp"
#include "models/work/thread_names.hpp"

namespace timeslice::models {

namespace {

Program killer(Actor& actor, KillStep step) {
  Context& world = actor.world;
  const sim::Duration until = world.main_began + step.at - world.now();
  if (until > sim::Duration::zero()) {
    static_cast<void>(co_await world.os.wait_for_device(actor.thread, until));
  }
  const sim::Duration call = world.os_costs().syscall;
  co_await kernel(actor, call);
  Executor& executor = *world.executors[index_of(step.executor)];
  if (!executor.kill_worker(step.worker)) {
    world.warn(world.os.name(actor.thread) + ": executor '" + executor.spec().name +
               "' had no worker " + std::to_string(step.worker) +
               " at that time, so nobody was killed");
  }
}

}  // namespace

void plan_kill(Actor& actor, const KillStep& step) {
  Context& world = actor.world;
  const NewThread thread{.name = free_thread_name(world, "kill"),
                         .affinity = {},
                         .nice = 0,
                         .group = {},
                         .background = true};
  Actor& outsider = make_actor(world, actor.process, thread);
  const KillStep copy = step;
  world.os.start(outsider.thread, killer(outsider, copy), WakeCause{});
}

}  // namespace timeslice::models
