#include "validation/native/support.hpp"

#include <algorithm>
#include <variant>

#include <fmt/format.h>

#include "validation/native/shared_blocks.hpp"

namespace timeslice::validation {

namespace {

using models::ExecutorKind;

constexpr double bytes_a_mib = 1 << 20;

sim::Error refused(std::string what, std::string advice) {
  return {.where = "native run", .what = std::move(what), .advice = std::move(advice)};
}

bool hands_over(const models::Steps& steps) {
  return std::ranges::any_of(steps, [](const models::Step& step) {
    if (const models::Steps* body = models::body_of(step)) {
      return hands_over(*body);
    }
    if (const auto* choose = std::get_if<models::ChooseStep>(&step.what)) {
      return std::ranges::any_of(choose->choices,
                                 [](const auto& choice) { return hands_over(choice.body); });
    }
    return std::holds_alternative<models::MapStep>(step.what) ||
           std::holds_alternative<models::SubmitStep>(step.what) ||
           std::holds_alternative<models::JoinStep>(step.what);
  });
}

bool sets_nice(const models::Steps& steps) {
  return std::ranges::any_of(steps, [](const models::Step& step) {
    if (const models::Steps* body = models::body_of(step)) {
      return sets_nice(*body);
    }
    if (const auto* choose = std::get_if<models::ChooseStep>(&step.what)) {
      return std::ranges::any_of(choose->choices,
                                 [](const auto& choice) { return sets_nice(choice.body); });
    }
    return std::holds_alternative<models::NiceStep>(step.what);
  });
}

bool called_from(const models::WorldSpec& world, const models::Steps& steps);

bool hands_over_when_called(const models::WorldSpec& world, const models::CallStep& call) {
  const models::Steps& steps = world.tasks[models::index_of(call.task)].steps;
  return hands_over(steps) || called_from(world, steps);
}

/// Whether a task called from `steps`, at any depth, hands items over.
bool called_from(const models::WorldSpec& world, const models::Steps& steps) {
  return std::ranges::any_of(steps, [&](const models::Step& step) {
    if (const auto* call = std::get_if<models::CallStep>(&step.what)) {
      return hands_over_when_called(world, *call);
    }
    if (const models::Steps* body = models::body_of(step)) {
      return called_from(world, *body);
    }
    return false;
  });
}

/// What items an executor gets from main, over all maps and submits, loops included.
struct Handed {
  std::uint64_t items = 0;
  std::uint64_t largest = 0;  // in one map or submit
};

void count_items(const models::WorldSpec& world, const models::Steps& steps, std::uint64_t times,
                 std::vector<Handed>& handed) {
  const auto add = [&](models::ExecutorIndex executor, std::uint64_t items) {
    Handed& entry = handed[models::index_of(executor)];
    entry.items += items * times;
    entry.largest = std::max(entry.largest, items);
  };
  const auto inside = [&](models::TaskIndex task, std::uint64_t items) {
    count_items(world, world.tasks[models::index_of(task)].steps, times * items, handed);
  };
  for (const models::Step& step : steps) {
    if (const auto* map = std::get_if<models::MapStep>(&step.what)) {
      add(map->executor, map->items);
      inside(map->task, map->items);
    } else if (const auto* gather = std::get_if<models::GatherStep>(&step.what)) {
      add(gather->executor.value_or(models::ExecutorIndex{}), gather->items);
      inside(gather->task, gather->items);
    } else if (const auto* await = std::get_if<models::AwaitStep>(&step.what)) {
      if (await->what == models::AwaitStep::What::task) {
        inside(await->task, 1);
        add(await->executor.value_or(models::ExecutorIndex{}), await->executor ? 1 : 0);
      }
    } else if (const auto* submit = std::get_if<models::SubmitStep>(&step.what)) {
      add(submit->executor, submit->items * times);  // submits pile up until their join
    } else if (const auto* repeat = std::get_if<models::RepeatStep>(&step.what)) {
      count_items(world, repeat->body, times * repeat->times, handed);
    } else if (const models::Steps* body = models::body_of(step)) {
      count_items(world, *body, times, handed);
    }
  }
}

bool makes_processes(ExecutorKind kind) {
  return kind == ExecutorKind::processes || kind == ExecutorKind::process_per_task ||
         kind == ExecutorKind::process_executor;
}

bool is_cpp(ExecutorKind kind) {
  return kind == ExecutorKind::cpp_threads || kind == ExecutorKind::cpp_async;
}

std::optional<sim::Error> executor_obstacle(const models::WorldSpec& world,
                                            const models::ExecutorSpec& executor) {
  const bool python = world.runtime.language == models::Language::python;
  const std::string name = fmt::format("executor '{}'", executor.name);
  if (python == is_cpp(executor.kind) && executor.kind != ExecutorKind::serial) {
    return refused(name + (python ? " is a C++ executor in a Python scenario"
                                  : " is a Python executor in a scenario without Python"),
                   "use cpp-threads, cpp-async or serial with `runtime: none`, and only there");
  }
  if (!executor.pin.empty()) {
    return refused(name + " pins its workers", "leave `pin` out of a scenario to validate");
  }
  if (executor.sched.kind != models::SchedulingClass::normal ||
      executor.sched.slice > sim::Duration::zero()) {
    return refused(name + " sets `class`", "leave it out of a scenario to validate");
  }
  if (executor.nice.value_or(0) != 0 || executor.group != models::GroupId{}) {
    return refused(name + " sets `nice` or `group`", "leave them out of a scenario to validate");
  }
  if (executor.kind == ExecutorKind::interpreters) {
    return refused(name + " is an InterpreterPoolExecutor, which needs CPython 3.14",
                   "use process-executor or threads in a scenario to validate");
  }
  const bool loses_workers =
      executor.kind == ExecutorKind::process_executor && executor.maxtasksperchild.value_or(1) > 1;
  if (loses_workers) {
    return refused(name + " has maxtasksperchild, with which ProcessPoolExecutor hangs (gh-115634)",
                   "leave it out, set it to 1, or use multiprocessing.Pool");
  }
  const models::PayloadSpec& payload = executor.payload;
  if (payload.codec == models::Codec::shared_memory &&
      executor.kind == ExecutorKind::process_per_task) {
    return refused(name + " has payload in shared memory, which natively only pools hand over",
                   "use `codec: pickle5`, or kind processes or process-executor");
  }
  if (payload.codec == models::Codec::shared_memory && payload.objects > 1) {
    return refused(name + " puts many objects into shared memory, which holds bytes",
                   "leave `objects` out, or use `codec: pickle5`");
  }
  if (executor.memory.count > 0 || executor.import_memory.count > 0 || executor.touches.count > 0) {
    return refused(name + " sets `memory`, `import_memory` or `touches`",
                   "leave them out of a scenario to validate");
  }
  return std::nullopt;
}

std::optional<sim::Error> too_much(const models::WorldSpec& world, const NativeBounds& bounds) {
  std::vector<Handed> handed(world.executors.size());
  count_items(world, world.main, 1, handed);
  std::uint64_t threads = 0;
  std::uint64_t processes = 0;
  std::uint64_t items = 0;
  for (std::size_t i = 0; i < handed.size(); ++i) {
    const models::ExecutorSpec& executor = world.executors[i];
    const bool per_task = executor.kind == ExecutorKind::thread_per_task ||
                          executor.kind == ExecutorKind::process_per_task ||
                          executor.kind == ExecutorKind::cpp_async;
    const std::uint64_t workers = executor.kind == ExecutorKind::serial ? 0
                                  : per_task                            ? handed[i].largest
                                             : worker_count(world, executor);
    (makes_processes(executor.kind) ? processes : threads) += workers;
    items += handed[i].items;
    const auto bytes =
        static_cast<double>(executor.payload.argument.count) * static_cast<double>(handed[i].items);
    const auto back =
        static_cast<double>(executor.payload.result.count) * static_cast<double>(handed[i].items);
    if (uses_shared_blocks(executor) && bytes + back > static_cast<double>(bounds.shared_bytes)) {
      return refused(
          fmt::format("{:.0f} MiB in blocks of shared memory are too many",
                      (bytes + back) / bytes_a_mib),
          fmt::format("stay below {} MiB, half of what is free there", bounds.shared_bytes >> 20));
    }
    if (bytes > static_cast<double>(bounds.payload_bytes)) {
      return refused(fmt::format("{:.0f} MiB of arguments are too many", bytes / bytes_a_mib),
                     fmt::format("stay below {} MiB", bounds.payload_bytes >> 20));
    }
  }
  if (threads > bounds.threads) {
    return refused(fmt::format("{} threads are too many", threads),
                   fmt::format("use at most {} at a time", bounds.threads));
  }
  if (processes > bounds.processes()) {
    return refused(fmt::format("{} processes are too many for {} CPUs", processes, bounds.cpus),
                   fmt::format("use at most {} at a time", bounds.processes()));
  }
  if (items > bounds.items) {
    return refused(fmt::format("{} items are too many", items),
                   fmt::format("use at most {}", bounds.items));
  }
  return std::nullopt;
}

std::optional<sim::Error> world_obstacle(const models::WorldSpec& world,
                                         const NativeBounds& bounds) {
  if (!world.background.empty()) {
    return refused("`background` programs do not run natively yet", "leave them out");
  }
  if (world.os.program_group != models::GroupId{}) {
    return refused("the program runs in a group", "leave `os.program_group` out to validate");
  }
  if (world.runtime.platform != models::Platform::linux_os) {
    return refused("the scenario is for another platform than Linux",
                   "set runtime.platform: linux");
  }
  if (world.runtime.language == models::Language::python && bounds.free_threaded &&
      is_free_threaded(world.runtime) != *bounds.free_threaded) {
    return *bounds.free_threaded
               ? refused("this Python has no GIL, the scenario has one",
                         "set `runtime.gil: off`, or name another Python with --python EXE")
               : refused("the scenario is for free-threaded Python, this one has a GIL",
                         "name a free-threaded build with --python EXE, or set `runtime.gil: on`");
  }
  if (world.runtime.event_loop != models::LoopKind::asyncio) {
    return refused("uvloop does not run natively yet", "set runtime.event_loop: asyncio");
  }
  if (world.machine.cpus.size() > bounds.cpus) {
    return refused(fmt::format("machine '{}' has {} CPUs, this one {}", world.machine.name,
                               world.machine.cpus.size(), bounds.cpus),
                   "validate with --machine host");
  }
  for (const models::LockSpec& lock : world.locks) {
    if (lock.kind == models::LockKind::rwlock &&
        world.runtime.language == models::Language::python) {
      return refused(fmt::format("'{}' is a readers-writer lock, which Python has not", lock.name),
                     "natively there are mutexes, queues, semaphores, events and barriers");
    }
  }
  for (const models::Step& step : world.main) {
    if (std::holds_alternative<models::KillStep>(step.what)) {
      return refused("`kill` does not run natively: a real pool would wait for ever",
                     "leave it out");
    }
    if (std::holds_alternative<models::PeriodicStep>(step.what)) {
      return refused("`periodic` tasks do not run natively yet", "leave them out");
    }
  }
  if (sets_nice(world.main) || std::ranges::any_of(world.tasks, [](const models::TaskSpec& task) {
        return sets_nice(task.steps);
      })) {
    return refused("`nice` steps do not run natively: to take one back needs privileges",
                   "leave them out of a scenario to validate");
  }
  if (world.characters.size() > 1) {
    return refused("`memory`, `atomic` and `uses` do not run natively yet",
                   "write the time instead, as in `native: 5ms`, to validate the rest");
  }
  for (const models::TaskSpec& task : world.tasks) {
    if (hands_over(task.steps)) {
      return refused(fmt::format("task '{}' hands items over itself", task.name),
                     "let main hand them over: nested work does not run natively yet");
    }
  }
  return std::nullopt;
}

/// Indices of the locks that `steps` take, calls included.
void locks_of(const models::WorldSpec& world, const models::Steps& steps,
              std::vector<std::size_t>& out) {
  for (const models::Step& step : steps) {
    if (const auto* with = std::get_if<models::WithStep>(&step.what)) {
      out.push_back(models::index_of(with->lock));
      locks_of(world, with->body, out);
    } else if (const models::Steps* body = models::body_of(step)) {
      locks_of(world, *body, out);
    } else if (const auto* call = std::get_if<models::CallStep>(&step.what)) {
      locks_of(world, world.tasks[models::index_of(call->task)].steps, out);
    } else if (const auto* choose = std::get_if<models::ChooseStep>(&step.what)) {
      for (const models::Choice& choice : choose->choices) {
        locks_of(world, choice.body, out);
      }
    }
  }
}

/// Natively a lock is taken and given back apart, so what is cancelled in between would keep it.
std::optional<sim::Error> timeout_obstacle(const models::WorldSpec& world,
                                           const models::Steps& steps) {
  for (const models::Step& step : steps) {
    const auto* timeout = std::get_if<models::TimeoutStep>(&step.what);
    std::vector<std::size_t> taken;
    if (timeout != nullptr) {
      locks_of(world, timeout->body, taken);
    }
    if (!taken.empty()) {
      return refused("a `timeout` around `with` does not run natively yet",
                     "take the lock around the `timeout`, or leave it out");
    }
    if (timeout != nullptr && world.runtime.version < models::PythonVersion{3, 11}) {
      return refused("asyncio.timeout needs Python 3.11", "name a later one in `runtime.python`");
    }
    if (const models::Steps* body = models::body_of(step)) {
      if (auto obstacle = timeout_obstacle(world, *body)) {
        return obstacle;
      }
    }
  }
  return std::nullopt;
}

std::optional<sim::Error> lock_obstacle(const models::WorldSpec& world,
                                        const models::Steps& steps) {
  for (const models::Step& step : steps) {
    const auto* map = std::get_if<models::MapStep>(&step.what);
    const auto* submit = std::get_if<models::SubmitStep>(&step.what);
    if (map == nullptr && submit == nullptr) {
      continue;
    }
    const auto executor = models::index_of(map != nullptr ? map->executor : submit->executor);
    const auto task = models::index_of(map != nullptr ? map->task : submit->task);
    if (!makes_processes(world.executors[executor].kind)) {
      continue;
    }
    std::vector<std::size_t> taken;
    locks_of(world, world.tasks[task].steps, taken);
    for (const std::size_t lock : taken) {
      if (world.locks[lock].scope == models::LockScope::thread) {
        return refused(
            fmt::format("lock '{}' is a thread's, but processes take it", world.locks[lock].name),
            "give it `scope: process`");
      }
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<sim::Error> native_obstacle(const models::WorldSpec& world,
                                          const NativeBounds& bounds) {
  if (auto obstacle = world_obstacle(world, bounds)) {
    return obstacle;
  }
  for (const models::ExecutorSpec& executor : world.executors) {
    if (auto obstacle = executor_obstacle(world, executor)) {
      return obstacle;
    }
  }
  for (const models::TaskSpec& task : world.tasks) {
    if (auto obstacle = timeout_obstacle(world, task.steps)) {
      return obstacle;
    }
  }
  if (called_from(world, world.main)) {
    return refused("a task that main calls hands items over", "let main do it itself");
  }
  if (auto obstacle = lock_obstacle(world, world.main)) {
    return obstacle;
  }
  return too_much(world, bounds);
}

std::vector<std::string> native_doubts(const models::WorldSpec& world) {
  std::vector<std::string> doubts;
  if (world.machine.name != "host") {
    doubts.push_back(fmt::format(
        "the prediction is for machine '{}', the measurement is from this host: use --machine host",
        world.machine.name));
  }
  if (!world.os.scheduler.starts_with("linux")) {
    doubts.push_back(fmt::format("the prediction assumes the scheduler '{}', this host has its own",
                                 world.os.scheduler));
  }
  if (!world.os.groups.empty()) {
    doubts.emplace_back("groups are simulated but not set up on this host");
  }
  return doubts;
}

std::uint32_t worker_count(const models::WorldSpec& world, const models::ExecutorSpec& executor) {
  const auto cpus = static_cast<std::uint32_t>(world.machine.cpus.size());
  switch (executor.workers.kind) {
    case models::WorkerCount::Kind::number:
      return executor.workers.number;
    case models::WorkerCount::Kind::cores:
      return static_cast<std::uint32_t>(world.machine.cores.size());
    case models::WorkerCount::Kind::runtime_default:
      break;
  }
  // ThreadPoolExecutor: min(32, CPUs + 4) (concurrent/futures/thread.py, since 3.8).
  return executor.kind == ExecutorKind::threads ? std::min(32U, cpus + 4) : cpus;
}

std::string start_method(const models::RuntimeSpec& runtime, const models::ExecutorSpec& executor) {
  switch (executor.start) {
    case models::StartMethod::fork:
      return "fork";
    case models::StartMethod::spawn:
      return "spawn";
    case models::StartMethod::forkserver:
      return "forkserver";
    case models::StartMethod::platform_default:
      break;
  }
  if (executor.kind == ExecutorKind::process_executor && executor.maxtasksperchild) {
    return "spawn";  // ProcessPoolExecutor's own choice
  }
  return runtime.version >= models::PythonVersion{3, 14} ? "forkserver" : "fork";
}

}  // namespace timeslice::validation
