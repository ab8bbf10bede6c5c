#include "models/work/scheduling_steps.hpp"

#include <variant>

#include "models/python/interpreter.hpp"
#include "models/work/context.hpp"

namespace timeslice::models {

sim::Process<> run_yield(Actor& actor) {
  const bool drops = actor.world.spec.runtime.version >= PythonVersion{.major = 3, .minor = 10};
  if (drops && !quick_leave(actor)) {
    co_await leave(actor);
  }
  const sim::Duration call_cost = actor.world.os_costs().syscall;
  co_await kernel(actor, call_cost);
  co_await actor.world.os.yield(actor.thread);
  if (drops && !quick_enter(actor)) {
    co_await enter(actor);
  }
}

sim::Process<> run_nice(Actor& actor, const NiceStep& step) {
  const sim::Duration call_cost = actor.world.os_costs().syscall;
  co_await kernel(actor, call_cost);
  actor.world.os.set_nice(actor.thread, step.level);
  co_await return_to_user(actor);
}

bool stays_able(const Step& step) {
  return std::holds_alternative<YieldStep>(step.what) ||
         std::holds_alternative<NiceStep>(step.what);
}

}  // namespace timeslice::models
