// What is wrong with a world beyond what a reader of files can see. Cost: one pass over the tasks;
// what a task does is worked out once, however often it is used.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "models/aio/loop_check.hpp"
#include "models/class_check.hpp"
#include "models/lock_check.hpp"
#include "models/machine/character.hpp"
#include "models/os/cpuset.hpp"
#include "models/pool/executor.hpp"
#include "models/pool/pool_check.hpp"
#include "models/python/start_check.hpp"
#include "models/world.hpp"

namespace timeslice::models {

namespace {

/// Limits of scenario-format.md, and one of our own: steps that main's program may come to.
constexpr double most_items = 1e7;
constexpr double most_steps = 1e10;
constexpr std::uint32_t most_workers = 65'536;
constexpr std::int32_t most_priority = 99;

/// What running some steps once comes to, called tasks included; at most, where chance decides.
struct Footprint {
  double steps = 0.0;
  double items = 0.0;       // handed over, by handed-over tasks too
  bool bytecode = false;    // python steps, or C code that keeps the GIL
  bool hands_over = false;  // uses an executor that is not serial, or waits for one
  bool meets = false;       // uses a lock of the process that is no mutex

  void add(const Footprint& other, double times) {
    steps += times * other.steps;
    items += times * other.items;
    bytecode = bytecode || other.bytecode;
    hands_over = hands_over || other.hands_over;
    meets = meets || other.meets;
  }
};

bool is_cpp(ExecutorKind kind) {
  return kind == ExecutorKind::cpp_threads || kind == ExecutorKind::cpp_async;
}

bool in_other_processes(ExecutorKind kind) {
  return kind == ExecutorKind::processes || kind == ExecutorKind::process_per_task ||
         kind == ExecutorKind::process_executor;
}

/// Whether its items run in an interpreter of their own, which cannot see main's executors.
bool apart(ExecutorKind kind) {
  return in_other_processes(kind) || kind == ExecutorKind::interpreters;
}

class Checker {
 public:
  explicit Checker(const WorldSpec& spec)
      : spec_{spec}, tasks_(spec.tasks.size()), open_(spec.tasks.size(), false) {}

  std::vector<sim::Error> check();

 private:
  void complain(std::string where, std::string what, std::string advice) {
    const bool known = std::ranges::any_of(errors_, [&](const sim::Error& error) {
      return error.where == where && error.what == what;
    });
    if (!known) {
      errors_.push_back({std::move(where), std::move(what), std::move(advice)});
    }
  }
  void check_machine();
  void check_executor(const ExecutorSpec& executor);
  void check_pin(const std::string& where, const ExecutorSpec& executor);
  void check_kind(const ExecutorSpec& executor, const std::string& where);
  void check_background(const BackgroundSpec& background);
  void check_language(const std::string& where, const Footprint& footprint);
  void check_group(const std::string& where, GroupId group);
  void check_groups();

  Footprint of_steps(const Steps& steps, const std::string& where);
  Footprint of_step(const Step& step, const std::string& where);
  Footprint of_work(const Step& step, const std::string& where);
  bool check_lock(LockIndex lock, const Step& step, const std::string& where);
  Footprint of_periodic(const PeriodicStep& step, const std::string& where);
  Footprint of_await(const AwaitStep& step, const std::string& where);
  Footprint of_gather(TaskIndex task, std::optional<ExecutorIndex> executor, std::uint64_t items,
                      const std::string& where);
  void check_kill(const KillStep& step);
  void check_order(const MapStep& step, const std::string& where);
  Footprint of_task(TaskIndex task);
  Footprint of_hand_over(TaskIndex task, ExecutorIndex executor, std::uint64_t items,
                         const std::string& where);
  void check_distribution(const Distribution& distribution, const std::string& where);
  void check_character(std::uint32_t character, const std::string& where);

  const WorldSpec& spec_;
  bool groups_usable_ = true;
  std::vector<std::optional<Footprint>> tasks_;
  std::vector<bool> open_;  // is being worked out: seen again, the task reaches itself
  std::vector<sim::Error> errors_;
};

std::vector<sim::Error> Checker::check() {
  check_machine();
  check_groups();
  for (const ExecutorSpec& executor : spec_.executors) {
    check_executor(executor);
  }
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
  for (const BackgroundSpec& background : spec_.background) {
    check_background(background);
  }
  return std::move(errors_);
}

void Checker::check_machine() {
  if (spec_.machine.cpus.empty() || spec_.machine.cores.empty()) {
    complain("machine", "it has no CPU", "give it 1 core or more");
  }
  if (spec_.runtime.gil.switch_interval < std::chrono::microseconds{1}) {
    complain("runtime.switch_interval", "an interval below 1us cannot be waited for",
             "use 1us or more (CPython's default is 5ms)");
  }
  if (poll_granularity(spec_.runtime) <= sim::Duration::zero()) {
    complain("runtime", "the distance of two looks at the eval breaker is not positive",
             "use 1ns or more");
  }
}

void Checker::check_group(const std::string& where, GroupId group) {
  if (index_of(group) > spec_.os.groups.size()) {
    complain(where, "its group does not exist", "name one of os.groups");
  }
}

void Checker::check_groups() {
  auto wrong = unsupported(spec_.os);
  if (!wrong) {
    wrong = wrong_cpus(spec_.machine, spec_.os);
  }
  if (wrong) {
    complain(wrong->where, wrong->what, wrong->advice);
  }
  check_group("os.program_group", spec_.os.program_group);
  groups_usable_ = !wrong && index_of(spec_.os.program_group) <= spec_.os.groups.size();
}

void Checker::check_executor(const ExecutorSpec& executor) {
  const std::string where = "executors." + executor.name;
  const bool known = groups_usable_ && index_of(executor.group) <= spec_.os.groups.size();
  const std::uint32_t workers = known ? resolve_workers(executor, spec_) : 1;
  if (workers == 0) {
    complain(where, "0 workers cannot run a task", "use 1 or more, or the word cores");
  }
  if (workers > most_workers) {
    complain(where, std::to_string(workers) + " workers are too many",
             "use at most " + std::to_string(most_workers));
  }
  check_group(where, executor.group);
  check_pin(where, executor);
  check_kind(executor, where);
}

void Checker::check_pin(const std::string& where, const ExecutorSpec& executor) {
  const GroupId group = executor.group == GroupId{0} ? spec_.os.program_group : executor.group;
  std::vector<CpuId> allowed;
  if (groups_usable_ && index_of(group) <= spec_.os.groups.size()) {
    allowed = allowed_cpus(spec_.os, group).value_or(std::vector<CpuId>{});
  }
  for (const CpuId cpu : executor.pin) {
    const std::string pinned = "it is pinned to CPU " + std::to_string(index_of(cpu));
    if (index_of(cpu) >= spec_.machine.cpus.size()) {
      complain(where, pinned + ", which the machine does not have",
               "use CPUs 0 to " + std::to_string(spec_.machine.cpus.size() - 1));
    } else if (!allowed.empty() && std::ranges::find(allowed, cpu) == allowed.end()) {
      complain(where, pinned + ", which its group may not use",
               "use CPUs of the group's `cpus`, or widen them");
    }
  }
}

void Checker::check_kind(const ExecutorSpec& executor, const std::string& where) {
  const bool python = spec_.runtime.language == Language::python;
  if (python && is_cpp(executor.kind)) {
    complain(where, "a C++ pool has no place in a Python program",
             "use `runtime: none`, or a Python executor such as threads");
  }
  if (!python && !is_cpp(executor.kind) && executor.kind != ExecutorKind::serial) {
    complain(where, "this executor is Python's, and the program is not",
             "use cpp-threads, cpp-async or serial, or name a Python in `runtime`");
  }
  for (const sim::Error& error : check_process_pool(executor, spec_.runtime)) {
    complain(where, error.what, error.advice);
  }
  if (in_other_processes(executor.kind)) {
    if (const auto wrong = wrong_start(executor, spec_.runtime)) {
      complain(where, wrong->what, wrong->advice);
    }
  }
}

void Checker::check_background(const BackgroundSpec& background) {
  const std::string where = "background." + spec_.tasks[index_of(background.task)].name;
  const Footprint footprint = of_task(background.task);
  check_language(where, footprint);
  check_group(where, background.group);
  if (footprint.hands_over) {
    complain(where, "a background program cannot use executors",
             "give it python, native, io or sleep steps");
  }
  if (footprint.meets) {
    complain(where, "a background program is a process of its own: nobody could meet it there",
             "use a mutex, or leave the queue, semaphore, event or barrier out");
  }
  if (background.threads > most_workers) {
    complain(where, "it has too many threads", "use at most 65536");
  }
}

void Checker::check_language(const std::string& where, const Footprint& footprint) {
  if (spec_.runtime.language == Language::none && footprint.bytecode) {
    complain(where, "python steps need an interpreter, and the runtime is none",
             "use native steps, or name a Python in `runtime`");
  }
}

Footprint Checker::of_steps(const Steps& steps, const std::string& where) {
  Footprint sum;
  for (const Step& step : steps) {
    sum.add(of_step(step, where), 1.0);
  }
  return sum;
}

Footprint Checker::of_step(const Step& step, const std::string& where) {
  Footprint sum{.steps = 1.0};
  if (const auto* call = std::get_if<CallStep>(&step.what)) {
    sum.add(of_task(call->task), 1.0);
  } else if (const auto* with = std::get_if<WithStep>(&step.what)) {
    sum.meets = check_lock(with->lock, step, where);
    sum.add(of_steps(with->body, where), 1.0);
  } else if (const auto* sync = std::get_if<SyncStep>(&step.what)) {
    sum.meets = check_lock(sync->lock, step, where);
  } else if (const auto* repeat = std::get_if<RepeatStep>(&step.what)) {
    Footprint body = of_steps(repeat->body, where);
    body.steps += 1.0;
    sum.add(body, static_cast<double>(repeat->times));
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

/// Whether the lock is something else than a mutex; complains if the step cannot use it.
bool Checker::check_lock(LockIndex lock, const Step& step, const std::string& where) {
  const LockSpec& spec = spec_.locks[index_of(lock)];
  if (const auto wrong = misuse(spec, step)) {
    complain(where, wrong->what, wrong->advice);
  }
  return spec.kind != LockKind::mutex;
}

Footprint Checker::of_work(const Step& step, const std::string& where) {
  Footprint work;
  if (const auto* python = std::get_if<PythonStep>(&step.what)) {
    check_distribution(python->duration, where);
    check_character(python->character, where);
    work.bytecode = true;
  } else if (const auto* native = std::get_if<NativeStep>(&step.what)) {
    check_distribution(native->duration, where);
    check_character(native->character, where);
    work.bytecode = native->holds_gil;
  } else if (const auto* memory = std::get_if<MemoryStep>(&step.what)) {
    check_character(memory->character, where);
  } else if (const auto* io = std::get_if<IoStep>(&step.what)) {
    check_distribution(io->duration, where);
  } else if (const auto* sleep = std::get_if<SleepStep>(&step.what)) {
    check_distribution(sleep->duration, where);
  } else if (const auto* nice = std::get_if<NiceStep>(&step.what)) {
    if (nice->level < -20 || nice->level > 19) {
      complain(where, "a nice level is out of range", "use -20 to 19");
    }
  }
  return work;
}

void Checker::check_kill(const KillStep& step) {
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
void Checker::check_order(const MapStep& step, const std::string& where) {
  const ExecutorSpec& executor = spec_.executors[index_of(step.executor)];
  if (step.order != MapOrder::whole && executor.kind != ExecutorKind::processes) {
    complain(where, "'" + executor.name + "' has no imap: only multiprocessing.Pool has",
             "use map, or an executor of kind processes");
  }
}

Footprint Checker::of_periodic(const PeriodicStep& step, const std::string& where) {
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
Footprint Checker::of_gather(TaskIndex task, std::optional<ExecutorIndex> executor,
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

Footprint Checker::of_await(const AwaitStep& step, const std::string& where) {
  Footprint sum;
  if (step.what != AwaitStep::What::task) {
    check_distribution(step.duration, where);
  } else if (step.executor) {
    sum = of_hand_over(step.task, *step.executor, 1, where);
  } else {
    sum = of_task(step.task);
  }
  sum.hands_over = true;
  return sum;
}

Footprint Checker::of_task(TaskIndex task) {
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

Footprint Checker::of_hand_over(TaskIndex task, ExecutorIndex executor, std::uint64_t items,
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
  sum.items += static_cast<double>(items);
  sum.hands_over = sum.hands_over || used.kind != ExecutorKind::serial;
  if (items > static_cast<std::uint64_t>(most_items)) {
    complain(where, std::to_string(items) + " items are too many", "use at most 1e7");
  }
  return sum;
}

void Checker::check_character(std::uint32_t character, const std::string& where) {
  if (character == no_character) {
    return;
  }
  if (const auto wrong = models::check_character(spec_.characters[character], spec_.machine)) {
    complain(where, wrong->what, wrong->advice);
  }
}

void Checker::check_distribution(const Distribution& distribution, const std::string& where) {
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

}  // namespace

std::vector<sim::Error> check_world(const WorldSpec& spec) {
  std::vector<sim::Error> errors = Checker{spec}.check();
  const std::vector<sim::Error> of_loops = check_loops(spec);
  errors.insert(errors.end(), of_loops.begin(), of_loops.end());
  const std::vector<sim::Error> of_classes = check_classes(spec);
  errors.insert(errors.end(), of_classes.begin(), of_classes.end());
  return errors;
}

}  // namespace timeslice::models
