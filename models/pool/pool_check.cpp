#include "models/pool/pool_check.hpp"

#include "models/python/start.hpp"

namespace timeslice::models {

std::vector<sim::Error> check_process_pool(const ExecutorSpec& executor,
                                           const RuntimeSpec& runtime) {
  std::vector<sim::Error> errors;
  const auto complain = [&errors](std::string what, std::string advice) {
    errors.push_back({.where = {}, .what = std::move(what), .advice = std::move(advice)});
  };
  if (executor.kind == ExecutorKind::interpreters &&
      runtime.version < PythonVersion{.major = 3, .minor = 14}) {
    complain("InterpreterPoolExecutor came with CPython 3.14",
             "set runtime.python: \"3.14\" or later, or use another kind");
  }
  if (executor.maxtasksperchild && *executor.maxtasksperchild == 0) {
    complain("a worker cannot end before its first task", "use `maxtasksperchild` from 1");
  }
  if (executor.kind != ExecutorKind::process_executor || !executor.maxtasksperchild) {
    return errors;
  }
  if (runtime.version < PythonVersion{.major = 3, .minor = 11}) {
    complain("ProcessPoolExecutor has max_tasks_per_child from CPython 3.11 on",
             "set runtime.python: \"3.11\" or later, or leave `maxtasksperchild` out");
  }
  if (executor.start == StartMethod::fork) {
    complain("ProcessPoolExecutor refuses max_tasks_per_child with fork",
             "use `start: spawn` or forkserver, or leave it out: default then means spawn");
  }
  return errors;
}

}  // namespace timeslice::models
