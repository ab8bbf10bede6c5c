// What is wrong with a world beyond what a reader of files can see. Cost: one pass over the tasks.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "models/aio/loop_check.hpp"
#include "models/class_check.hpp"
#include "models/os/cpuset.hpp"
#include "models/pool/executor.hpp"
#include "models/pool/pool_check.hpp"
#include "models/python/start_check.hpp"
#include "models/step_check.hpp"
#include "models/world.hpp"

namespace timeslice::models {

namespace {

/// A limit of scenario-format.md.
constexpr std::uint32_t most_workers = 65'536;

bool is_cpp(ExecutorKind kind) {
  return kind == ExecutorKind::cpp_threads || kind == ExecutorKind::cpp_async;
}

class Checker {
 public:
  explicit Checker(const WorldSpec& spec) : spec_{spec} {}

  std::vector<sim::Error> check();

 private:
  void complain(std::string where, std::string what, std::string advice) {
    complaints_.add(std::move(where), std::move(what), std::move(advice));
  }
  void check_machine();
  void check_executor(const ExecutorSpec& executor);
  void check_pin(const std::string& where, const ExecutorSpec& executor);
  void check_kind(const ExecutorSpec& executor, const std::string& where);
  void check_background(const BackgroundSpec& background, StepChecker& steps);
  void check_group(const std::string& where, GroupId group);
  void check_groups();

  const WorldSpec& spec_;
  bool groups_usable_ = true;
  Complaints complaints_;
};

std::vector<sim::Error> Checker::check() {
  check_machine();
  check_groups();
  for (const ExecutorSpec& executor : spec_.executors) {
    check_executor(executor);
  }
  StepChecker steps{spec_, complaints_, groups_usable_};
  steps.of_main();
  for (const BackgroundSpec& background : spec_.background) {
    check_background(background, steps);
  }
  return complaints_.take();
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

void Checker::check_background(const BackgroundSpec& background, StepChecker& steps) {
  const std::string where = "background." + spec_.tasks[index_of(background.task)].name;
  const Footprint footprint = steps.of_task(background.task);
  steps.check_language(where, footprint);
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
