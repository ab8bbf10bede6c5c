#include "models/python/start_check.hpp"

#include <string>

#include "models/python/start.hpp"
#include "models/work/context.hpp"

namespace timeslice::models {

namespace {

bool has_processes(const ExecutorSpec& executor) {
  return executor.kind == ExecutorKind::processes ||
         executor.kind == ExecutorKind::process_per_task ||
         executor.kind == ExecutorKind::process_executor;
}

/// Lines of CPython whose patch versions differ in what the fork server imports.
bool patch_matters(const PythonVersion& version) {
  const bool unknown = version.patch == PythonVersion::newest_patch;
  return unknown && (version.same_line({.major = 3, .minor = 13}) ||
                     version.same_line({.major = 3, .minor = 14}));
}

void doubt_executor(Context& world, const ExecutorSpec& executor) {
  const RuntimeSpec& runtime = world.spec.runtime;
  const StartMethod method = resolve_start(executor.start, runtime);
  const std::string name = "executor '" + executor.name + "': ";
  const bool imports = executor.import_cost > sim::Duration::zero();
  if (method == StartMethod::fork) {
    return;
  }
  if (executor.touches.count > 0) {
    world.warn(name + "touches has no effect, its workers are not forked and inherit no objects");
  }
  if (imports && executor.import_memory.count == 0) {
    world.warn(name +
               "memory of its workers leaves out what their imports take: give import_memory");
  }
  if (method == StartMethod::forkserver && imports && patch_matters(runtime.version)) {
    world.warn("CPython " + to_text(runtime.version) +
               " is taken as one whose fork server imports the main module once (3.13.8, 3.14.1 "
               "and later): give the patch version if it is older");
  }
}

}  // namespace

std::optional<sim::Error> wrong_start(const ExecutorSpec& executor, const RuntimeSpec& runtime) {
  const bool posix_only =
      executor.start == StartMethod::fork || executor.start == StartMethod::forkserver;
  if (posix_only && runtime.platform == Platform::windows) {
    return sim::Error{.where = {},
                      .what = "Windows has neither fork nor forkserver",
                      .advice = "use `start: spawn`"};
  }
  if (executor.touches > runtime.memory) {
    return sim::Error{.where = {},
                      .what = "its workers would look at more than the main process has",
                      .advice = "use less `touches`, or raise `runtime.memory`"};
  }
  return std::nullopt;
}

void add_start_doubts(Context& world) {
  const RuntimeSpec& runtime = world.spec.runtime;
  bool any = false;
  for (const ExecutorSpec& executor : world.spec.executors) {
    if (has_processes(executor)) {
      any = true;
      doubt_executor(world, executor);
    }
  }
  if (any && runtime.platform != Platform::linux_os) {
    world.warn(
        "what starting processes costs was never measured on macOS or Windows: the costs of Linux "
        "are used");
  }
}

}  // namespace timeslice::models
