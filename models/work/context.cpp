#include "models/work/context.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "models/python/fork_server.hpp"
#include "models/work/draws.hpp"
#include "models/work/monitor.hpp"
#include "models/work/periodic.hpp"

namespace timeslice::models {

namespace {

constexpr std::int64_t mebibyte = std::int64_t{1024} * 1024;

/// Leaving out the GIL of a Python that has no build without one is a what-if that costs nothing.
GilSpec gil_of(const RuntimeSpec& runtime) {
  GilSpec gil = runtime.gil;
  if (runtime.version < PythonVersion{.major = 3, .minor = 13}) {
    gil.collector.new_object_every = sim::Duration::zero();
  }
  return gil;
}

}  // namespace

Context::Context(const WorldSpec& world_spec, const RunTools& tools, bool keep_memory_history)
    : spec{world_spec},
      engine{tools.engine},
      trace{tools.trace},
      random{tools.random},
      os{tools.os},
      memory{world_spec.runtime.memory_parts, keep_memory_history},
      futures(world_spec.futures.size()),
      inheritance{tools.os},
      next_number(world_spec.tasks.size(), 0) {
  if (const Bytes all = memory_of(spec.machine); all.count > 0) {
    memory.limit(all, [this](const MemoryShortage& shortage) { run_out_of_memory(shortage); });
  }
  for (const TaskSpec& task : spec.tasks) {
    task_keys.push_back(task_key(task.name));
  }
  for (const LockSpec& lock : spec.locks) {
    const std::uint32_t id = name_object(lock.name);
    const double lines = lock_lines(lock.scope);
    shared_locks.push_back(std::make_unique<Mutex>(os, id, inheritance_of(LockIndex{id}), lines));
    monitors.push_back(
        lock.kind == LockKind::mutex ? nullptr : std::make_unique<Monitor>(os, lock, id, lines));
  }
}

Context::~Context() = default;

/// Threads of one GIL meet at a lock with the GIL in hand: what a hand-over of the GIL costs, as it
/// was measured, has the lines of both.
double Context::lock_lines(LockScope scope) const {
  const MemorySystem& system = spec.machine.memory_system;
  const bool under_gil = python() && spec.runtime.gil.enabled && scope == LockScope::thread;
  return under_gil || !system.contends_lines ? 0.0 : system.transfer.locks;
}

/// Linux would swap, or kill a process. What then becomes of the program is anybody's guess.
void Context::run_out_of_memory(const MemoryShortage& shortage) {
  failure = fmt::format(
      "out of memory: when {} asked for more, all processes together had {} MiB, and {} has {} "
      "MiB; "
      "Linux would swap or kill a process. Use fewer workers, or share what they read",
      processes.processes()[index_of(shortage.process)].name, shortage.total.count / mebibyte,
      spec.machine.name, memory_of(spec.machine).count / mebibyte);
  engine.stop();
}

UserProcess& Context::add_process(const std::string& name) {
  UserProcess& process = processes.add(name);
  if (python()) {
    const GilWorld gil_world{.os = os,
                             .trace = trace,
                             .random = random,
                             .accounts = gil_accounts,
                             .wake_cost = os_costs().wake_syscall,
                             .take_cost = costs().gil_take,
                             .poll = poll_granularity(spec.runtime)};
    process.gil = std::make_unique<Gil>(gil_world, process.id, gil_of(spec.runtime));
  }
  return process;
}

Inheritance* Context::inheritance_of(LockIndex lock) {
  return spec.locks[index_of(lock)].inherit ? &inheritance : nullptr;
}

void Context::warn(const std::string& doubt) {
  if (std::ranges::find(warnings, doubt) == warnings.end()) {
    warnings.push_back(doubt);
  }
}

void Context::record(TraceKind kind, std::uint32_t subject, std::uint32_t object,
                     std::uint64_t value) {
  trace.record({.time_ns = now().time_since_epoch().count(),
                .kind = static_cast<std::uint16_t>(kind),
                .cpu = no_cpu,
                .subject = subject,
                .object = object,
                .cause = no_subject,
                .value = value});
}

std::uint32_t Context::name_object(std::string name) {
  object_names_.push_back(std::move(name));
  return static_cast<std::uint32_t>(object_names_.size() - 1);
}

std::optional<ThreadId> Context::lock_holder(const UserProcess& process,
                                             std::uint32_t object) const {
  if (object >= spec.locks.size()) {
    return std::nullopt;
  }
  if (spec.locks[object].scope == LockScope::process) {
    return shared_locks[object]->holder();
  }
  const bool known = object < process.locks.size() && process.locks[object];
  return known ? process.locks[object]->holder() : std::nullopt;
}

std::string Context::object_name(std::uint32_t object) const {
  return object < object_names_.size() ? object_names_[object] : std::to_string(object);
}

}  // namespace timeslice::models
