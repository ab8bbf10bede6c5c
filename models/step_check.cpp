#include "models/step_check.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "models/lock_check.hpp"
#include "models/machine/character.hpp"
#include "models/pool/executor.hpp"

namespace timeslice::models {

namespace {

/// Of steps of main's program (our own limit), and of those that a loop may run while the clock
/// stands still: about a second of wall time.
constexpr double most_steps = 1e10;
constexpr double most_steps_without_time = 1e7;
constexpr std::int32_t most_priority = 99;

/// Whether its items run in an interpreter of their own, which cannot see main's executors.
bool apart(ExecutorKind kind) {
  return in_other_processes(kind) || kind == ExecutorKind::interpreters;
}

bool may_wait(SyncStep::What what) {
  return what == SyncStep::What::get || what == SyncStep::What::wait ||
         what == SyncStep::What::barrier;
}

/// A C++ mutex that nobody holds is free of cost.
bool locks_cost_time(const WorldSpec& spec) {
  return spec.runtime.language == Language::python &&
         spec.runtime.costs.lock > sim::Duration::zero();
}

}  // namespace

void Complaints::add(std::string where, std::string what, std::string advice) {
  const bool known = std::ranges::any_of(
      errors_, [&](const sim::Error& error) { return error.where == where && error.what == what; });
  if (!known) {
    errors_.push_back({std::move(where), std::move(what), std::move(advice)});
  }
}

void Footprint::add(const Footprint& other, double times) {
  steps += times * other.steps;
  items += times * other.items;
  bytecode = bytecode || other.bytecode;
  hands_over = hands_over || other.hands_over;
  meets = meets || other.meets;
  acts = acts || (other.acts && times > 0.0);
  passes_time = passes_time || (other.passes_time && times > 0.0);
}

bool in_other_processes(ExecutorKind kind) {
  return kind == ExecutorKind::processes || kind == ExecutorKind::process_per_task ||
         kind == ExecutorKind::process_executor;
}

StepChecker::StepChecker(const WorldSpec& spec, Complaints& complaints, bool groups_usable)
    : spec_{spec},
      complaints_{complaints},
      groups_usable_{groups_usable},
      costs_time_{spec.machine.costs.syscall > sim::Duration::zero() ||
                  spec.runtime.costs.lock > sim::Duration::zero()},
      tasks_(spec.tasks.size()),
      open_(spec.tasks.size(), false) {}

void StepChecker::complain(std::string where, std::string what, std::string advice) {
  complaints_.add(std::move(where), std::move(what), std::move(advice));
}

Footprint StepChecker::of_main() {
  Footprint main;
  for (std::size_t i = 0; i < spec_.main.size(); ++i) {
    const Step& step = spec_.main[i];
    if (const auto* periodic = std::get_if<PeriodicStep>(&step.what)) {
      main.add(of_periodic(*periodic, "main." + std::to_string(i) + ".periodic"), 1.0);
    } else if (const auto* kill = std::get_if<KillStep>(&step.what)) {
      check_kill(*kill);
    } else {
      main.add(of_step(step, "main"), 1.0);
    }
  }
  check_language("main", main);
  if (main.items > most_items) {
    complain("main", "more than 1e7 items are handed over", "use fewer items or repeats");
  }
  if (main.steps > most_steps) {
    complain("main", "more than 1e10 steps would run", "use fewer items or repeats");
  }
  return main;
}

void StepChecker::check_language(const std::string& where, const Footprint& footprint) {
  if (spec_.runtime.language == Language::none && footprint.bytecode) {
    complain(where, "python steps need an interpreter, and the runtime is none",
             "use native steps, or name a Python in `runtime`");
  }
}

Footprint StepChecker::of_steps(const Steps& steps, const std::string& where) {
  Footprint sum;
  for (const Step& step : steps) {
    sum.add(of_step(step, where), 1.0);
  }
  return sum;
}

Footprint StepChecker::of_step(const Step& step, const std::string& where) {
  Footprint sum{.steps = 1.0, .acts = !std::holds_alternative<RepeatStep>(step.what)};
  if (const auto* call = std::get_if<CallStep>(&step.what)) {
    sum.add(of_task(call->task), 1.0);
  } else if (const auto* with = std::get_if<WithStep>(&step.what)) {
    sum.meets = check_lock(with->lock, step, where);
    sum.passes_time = locks_cost_time(spec_);
    sum.add(of_steps(with->body, where), 1.0);
  } else if (const auto* sync = std::get_if<SyncStep>(&step.what)) {
    sum.meets = check_lock(sync->lock, step, where);
    sum.passes_time = costs_time_ || may_wait(sync->what);
  } else if (const auto* repeat = std::get_if<RepeatStep>(&step.what)) {
    sum.add(of_repeat(*repeat, where), 1.0);
  } else if (const auto* timeout = std::get_if<TimeoutStep>(&step.what)) {
    check_distribution(timeout->after, where);
    sum.hands_over = true;
    sum.add(of_steps(timeout->body, where), 1.0);
  } else if (const auto* choose = std::get_if<ChooseStep>(&step.what)) {
    for (const Choice& choice : choose->choices) {
      sum.add(of_steps(choice.body, where), 1.0);
    }
  } else if (const auto* map = std::get_if<MapStep>(&step.what)) {
    check_order(*map, where);
    sum.add(of_hand_over(map->task, map->executor, map->items, where), 1.0);
  } else if (const auto* submit = std::get_if<SubmitStep>(&step.what)) {
    sum.add(of_hand_over(submit->task, submit->executor, submit->items, where), 1.0);
  } else if (const auto* gather = std::get_if<GatherStep>(&step.what)) {
    sum.add(of_gather(gather->task, gather->executor, gather->items, where), 1.0);
  } else if (const auto* await = std::get_if<AwaitStep>(&step.what)) {
    sum.add(of_await(*await, where), 1.0);
  } else if (std::holds_alternative<JoinStep>(step.what)) {
    sum.hands_over = true;
  } else if (std::holds_alternative<PeriodicStep>(step.what)) {
    complain(where, "a real-time task stands inside of something else",
             "write `periodic` as a step of main itself");
  } else if (std::holds_alternative<KillStep>(step.what)) {
    complain(where, "a kill stands inside of something else",
             "write `kill` as a step of main itself: it says by `at` when it happens");
  } else {
    sum.add(of_work(step, where), 1.0);
  }
  return sum;
}

Footprint StepChecker::of_repeat(const RepeatStep& step, const std::string& where) {
  const auto times = static_cast<double>(step.times);
  Footprint body = of_steps(step.body, where);
  body.steps += 1.0;
  if (body.acts && !body.passes_time && times * body.steps > most_steps_without_time) {
    complain(where,
             "a loop without end for all practical purposes: it repeats more than 1e7 steps in "
             "which no time passes",
             "put a step into its body that takes time, or use fewer repeats");
  }
  Footprint sum;
  sum.add(body, times);
  return sum;
}

/// Whether the lock is something else than a mutex; complains if the step cannot use it.
bool StepChecker::check_lock(LockIndex lock, const Step& step, const std::string& where) {
  const LockSpec& spec = spec_.locks[index_of(lock)];
  if (const auto wrong = misuse(spec, step)) {
    complain(where, wrong->what, wrong->advice);
  }
  return spec.kind != LockKind::mutex;
}

Footprint StepChecker::of_work(const Step& step, const std::string& where) {
  Footprint work;
  if (const auto* python = std::get_if<PythonStep>(&step.what)) {
    check_distribution(python->duration, where);
    work.passes_time = mean_ns(python->duration) > 0.0;
    check_character(python->character, where);
    work.bytecode = true;
  } else if (const auto* native = std::get_if<NativeStep>(&step.what)) {
    check_distribution(native->duration, where);
    work.passes_time = mean_ns(native->duration) > 0.0;
    check_character(native->character, where);
    work.bytecode = native->holds_gil;
  } else if (const auto* memory = std::get_if<MemoryStep>(&step.what)) {
    check_character(memory->character, where);
    work.passes_time = memory->units > 0.0;
  } else if (const auto* io = std::get_if<IoStep>(&step.what)) {
    check_distribution(io->duration, where);
    work.passes_time = costs_time_ || mean_ns(io->duration) > 0.0;
  } else if (const auto* sleep = std::get_if<SleepStep>(&step.what)) {
    check_distribution(sleep->duration, where);
    work.passes_time = costs_time_ || mean_ns(sleep->duration) > 0.0;
  } else if (const auto* nice = std::get_if<NiceStep>(&step.what)) {
    if (nice->level < -20 || nice->level > 19) {
      complain(where, "a nice level is out of range", "use -20 to 19");
    }
    work.passes_time = costs_time_;
  } else if (std::holds_alternative<YieldStep>(step.what)) {
    work.passes_time = costs_time_;
  }
  return work;
}

void StepChecker::check_kill(const KillStep& step) {
  const ExecutorSpec& executor = spec_.executors[index_of(step.executor)];
  const std::string where = "main: kill";
  if (executor.kind != ExecutorKind::processes && executor.kind != ExecutorKind::process_executor) {
    complain(where, "'" + executor.name + "' has no worker processes that last",
             "name an executor of kind processes or process-executor");
  } else if (groups_usable_ && step.worker >= resolve_workers(executor, spec_)) {
    complain(where, "'" + executor.name + "' has no worker " + std::to_string(step.worker),
             "workers count from 0");
  }
}

/// Only multiprocessing.Pool has imap.
void StepChecker::check_order(const MapStep& step, const std::string& where) {
  const ExecutorSpec& executor = spec_.executors[index_of(step.executor)];
  if (step.order != MapOrder::whole && executor.kind != ExecutorKind::processes) {
    complain(where, "'" + executor.name + "' has no imap: only multiprocessing.Pool has",
             "use map, or an executor of kind processes");
  }
}

Footprint StepChecker::of_periodic(const PeriodicStep& step, const std::string& where) {
  check_distribution(step.every, where + ".every");
  const double every = mean_ns(step.every);
  if (!(every >= 1.0)) {
    complain(where + ".every", "its releases do not lie apart", "use `every` above 0");
    return {};
  }
  if (step.length <= sim::Duration::zero() || step.offset < sim::Duration::zero() ||
      step.deadline.value_or(step.length) <= sim::Duration::zero()) {
    complain(where + ".for", "it has no time",
             "use `for` and `deadline` above 0, and `offset` from 0");
  }
  if (step.priority < 1 || step.priority > most_priority) {
    complain(where + ".priority", "its priority is out of range", "use 1 (most urgent) to 99");
  }
  for (const CpuId cpu : step.pin) {
    if (index_of(cpu) >= spec_.machine.cpus.size()) {
      complain(where + ".pin", "it is pinned to a CPU that the machine does not have",
               "use CPUs 0 to " + std::to_string(spec_.machine.cpus.size() - 1));
    }
  }
  const double jobs = static_cast<double>(step.length.count()) / every + 1.0;
  if (jobs > most_items) {
    complain(where + ".for", "more than 1e7 jobs would be released", "use a shorter `for`");
  }
  Footprint sum;
  sum.add(of_task(step.task), jobs);
  return sum;
}

/// Of what waits in a loop; without an executor, in its own one.
Footprint StepChecker::of_gather(TaskIndex task, std::optional<ExecutorIndex> executor,
                                 std::uint64_t items, const std::string& where) {
  if (executor) {
    return of_hand_over(task, *executor, items, where);
  }
  Footprint sum;
  sum.add(of_task(task), static_cast<double>(items));
  sum.items += static_cast<double>(items);
  sum.hands_over = true;
  return sum;
}

Footprint StepChecker::of_await(const AwaitStep& step, const std::string& where) {
  Footprint sum;
  if (step.what != AwaitStep::What::task) {
    check_distribution(step.duration, where);
    sum.passes_time = costs_time_ || mean_ns(step.duration) > 0.0;
  } else if (step.executor) {
    sum = of_hand_over(step.task, *step.executor, 1, where);
  } else {
    sum = of_task(step.task);
  }
  sum.hands_over = true;
  return sum;
}

Footprint StepChecker::of_task(TaskIndex task) {
  const std::size_t index = index_of(task);
  if (tasks_[index]) {
    return *tasks_[index];
  }
  const std::string where = "tasks." + spec_.tasks[index].name;
  if (open_[index]) {
    complain(where, "it calls or hands over itself, so its work has no end",
             "break the circle, or use repeat");
    return {};
  }
  open_[index] = true;
  const Footprint footprint = of_steps(spec_.tasks[index].steps, where);
  check_language(where, footprint);
  open_[index] = false;
  tasks_[index] = footprint;
  return footprint;
}

Footprint StepChecker::of_hand_over(TaskIndex task, ExecutorIndex executor, std::uint64_t items,
                                    const std::string& where) {
  const ExecutorSpec& used = spec_.executors[index_of(executor)];
  const Footprint inner = of_task(task);
  if (apart(used.kind) && inner.hands_over) {
    complain("tasks." + spec_.tasks[index_of(task)].name,
             (in_other_processes(used.kind) ? "it runs in a worker process of '"
                                            : "it runs in another interpreter, of '") +
                 used.name + "', which cannot reach the main program's executors or futures",
             "hand the work over from main, or from a task that runs in threads");
  }
  if (in_other_processes(used.kind) && inner.meets) {
    complain("tasks." + spec_.tasks[index_of(task)].name,
             "it runs in a worker process of '" + used.name +
                 "', which cannot reach the main program's queues, semaphores, events and barriers",
             "use a mutex with `scope: process`, or threads");
  }
  Footprint sum;
  sum.add(inner, static_cast<double>(items));
  sum.passes_time = sum.passes_time || (costs_time_ && items > 0);
  sum.items += static_cast<double>(items);
  sum.hands_over = sum.hands_over || used.kind != ExecutorKind::serial;
  if (items > static_cast<std::uint64_t>(most_items)) {
    complain(where, std::to_string(items) + " items are too many", "use at most 1e7");
  }
  return sum;
}

void StepChecker::check_character(std::uint32_t character, const std::string& where) {
  if (character == no_character) {
    return;
  }
  if (const auto wrong = models::check_character(spec_.characters[character], spec_.machine)) {
    complain(where, wrong->what, wrong->advice);
  }
}

void StepChecker::check_distribution(const Distribution& distribution, const std::string& where) {
  if (distribution.kind == DistributionKind::pareto && !(distribution.second > 1.0)) {
    complain(where, "a pareto duration with a <= 1 has no mean", "use a > 1");
  }
  if (distribution.kind == DistributionKind::uniform &&
      distribution.second < distribution.first_ns) {
    complain(where, "a uniform duration ends before it begins", "swap its bounds");
  }
  if (distribution.kind == DistributionKind::empirical && distribution.values_ns.empty()) {
    complain(where, "an empirical duration has no values", "give it a file with values");
  }
  if (!(mean_ns(distribution) >= 0.0)) {
    complain(where, "a duration is negative", "use 0 or more");
  }
}

}  // namespace timeslice::models
