// What is wrong with a world beyond what a reader of files can see. Cost: one pass over the tasks;
// what a task does is worked out once, however often it is used.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "models/class_check.hpp"
#include "models/machine/character.hpp"
#include "models/os/cpuset.hpp"
#include "models/pool/executor.hpp"
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

  void add(const Footprint& other, double times) {
    steps += times * other.steps;
    items += times * other.items;
    bytecode = bytecode || other.bytecode;
    hands_over = hands_over || other.hands_over;
  }
};

bool is_cpp(ExecutorKind kind) {
  return kind == ExecutorKind::cpp_threads || kind == ExecutorKind::cpp_async;
}

bool in_other_processes(ExecutorKind kind) {
  return kind == ExecutorKind::processes || kind == ExecutorKind::process_per_task;
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
  Footprint of_periodic(const PeriodicStep& step);
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
  for (const Step& step : spec_.main) {
    const auto* periodic = std::get_if<PeriodicStep>(&step.what);
    main.add(periodic != nullptr ? of_periodic(*periodic) : of_step(step, "main"), 1.0);
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
  if (spec_.runtime.gil.poll_granularity <= sim::Duration::zero()) {
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
  const bool posix_only =
      executor.start == StartMethod::fork || executor.start == StartMethod::forkserver;
  if (in_other_processes(executor.kind) && posix_only &&
      spec_.runtime.platform == Platform::windows) {
    complain(where, "Windows has neither fork nor forkserver", "use `start: spawn`");
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
    sum.add(of_steps(with->body, where), 1.0);
  } else if (const auto* repeat = std::get_if<RepeatStep>(&step.what)) {
    Footprint body = of_steps(repeat->body, where);
    body.steps += 1.0;
    sum.add(body, static_cast<double>(repeat->times));
  } else if (const auto* choose = std::get_if<ChooseStep>(&step.what)) {
    for (const Choice& choice : choose->choices) {
      sum.add(of_steps(choice.body, where), 1.0);
    }
  } else if (const auto* map = std::get_if<MapStep>(&step.what)) {
    sum.add(of_hand_over(map->task, map->executor, map->items, where), 1.0);
  } else if (const auto* submit = std::get_if<SubmitStep>(&step.what)) {
    sum.add(of_hand_over(submit->task, submit->executor, submit->items, where), 1.0);
  } else if (std::holds_alternative<JoinStep>(step.what)) {
    sum.hands_over = true;
  } else if (std::holds_alternative<PeriodicStep>(step.what)) {
    complain(where, "a real-time task stands inside of something else",
             "write `periodic` as a step of main itself");
  } else {
    sum.add(of_work(step, where), 1.0);
  }
  return sum;
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
  }
  return work;
}

Footprint Checker::of_periodic(const PeriodicStep& step) {
  const std::string where = "main: periodic " + spec_.tasks[index_of(step.task)].name;
  check_distribution(step.every, where);
  const double every = mean_ns(step.every);
  if (!(every >= 1.0)) {
    complain(where, "its releases do not lie apart", "use `every` above 0");
    return {};
  }
  if (step.length <= sim::Duration::zero() || step.offset < sim::Duration::zero() ||
      step.deadline.value_or(step.length) <= sim::Duration::zero()) {
    complain(where, "it has no time", "use `for` and `deadline` above 0, and `offset` from 0");
  }
  if (step.priority < 1 || step.priority > most_priority) {
    complain(where, "its priority is out of range", "use 1 (most urgent) to 99");
  }
  for (const CpuId cpu : step.pin) {
    if (index_of(cpu) >= spec_.machine.cpus.size()) {
      complain(where, "it is pinned to a CPU that the machine does not have",
               "use CPUs 0 to " + std::to_string(spec_.machine.cpus.size() - 1));
    }
  }
  const double jobs = static_cast<double>(step.length.count()) / every + 1.0;
  if (jobs > most_items) {
    complain(where, "more than 1e7 jobs would be released", "use a shorter `for`");
  }
  Footprint sum;
  sum.add(of_task(step.task), jobs);
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
  if (in_other_processes(used.kind) && inner.hands_over) {
    complain("tasks." + spec_.tasks[index_of(task)].name,
             "it runs in a worker process of '" + used.name +
                 "', which cannot reach the main program's executors or futures",
             "hand the work over from main, or from a task that runs in threads");
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
  const std::vector<sim::Error> of_classes = check_classes(spec);
  errors.insert(errors.end(), of_classes.begin(), of_classes.end());
  return errors;
}

}  // namespace timeslice::models
