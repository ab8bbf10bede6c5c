// What the simulated programs of one run share: the kernel under them, their processes, the items
// of work, the executors, and the doubts that came up.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "models/os/dispatcher.hpp"
#include "models/os/inheritance.hpp"
#include "models/pool/executor.hpp"
#include "models/python/gil.hpp"
#include "models/python/process.hpp"
#include "models/python/process_memory.hpp"
#include "models/trace_kinds.hpp"
#include "models/work/items.hpp"
#include "models/world_spec.hpp"
#include "sim/engine.hpp"
#include "sim/random.hpp"
#include "sim/trace.hpp"

namespace timeslice::models {

class ForkServer;
class Monitor;
struct PeriodicTasks;

/// What a run brings along; nothing of it is owned.
struct RunTools {
  sim::Engine& engine;
  sim::Trace& trace;
  const sim::Random& random;
  Dispatcher& os;
};

struct Context {
  Context(const WorldSpec& world_spec, const RunTools& tools, bool keep_memory_history = false);
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  const WorldSpec& spec;
  sim::Engine& engine;
  sim::Trace& trace;
  const sim::Random& random;
  Dispatcher& os;

  GilAccounts gil_accounts;
  ProcessTable processes;
  ProcessMemory memory;
  ItemTable items;
  std::vector<std::unique_ptr<Executor>> executors;  // by ExecutorIndex
  std::vector<std::vector<BatchId>> futures;         // by FutureIndex, in order of submission
  Inheritance inheritance;                           // of all locks that have it
  std::vector<std::unique_ptr<Mutex>> shared_locks;  // scope process, by LockIndex
  std::vector<std::unique_ptr<Monitor>> monitors;    // by LockIndex; nothing: a mutex
  std::vector<std::uint32_t> task_keys;              // by TaskIndex
  std::vector<std::uint32_t> next_number;            // items that main numbered, by TaskIndex
  std::unique_ptr<ForkServer> fork_server;
  std::unique_ptr<PeriodicTasks> periodic;  // nothing: no periodic step was met
  bool tracker_started = false;
  std::vector<std::string> warnings;
  std::vector<std::string> losses;  // work that nobody will do: why a program may wait for ever
  std::string failure;              // an exception that ended main; empty: none
  sim::Instant main_began;          // main's first step

  [[nodiscard]] bool python() const { return spec.runtime.language == Language::python; }
  [[nodiscard]] sim::Instant now() const { return engine.now(); }
  [[nodiscard]] const PythonCosts& costs() const { return spec.runtime.costs; }
  [[nodiscard]] const OsCosts& os_costs() const { return spec.machine.costs; }

  /// A new process; with Python, an interpreter with its own GIL.
  UserProcess& add_process(const std::string& name);
  /// Adds a doubt about the result, once.
  void warn(const std::string& doubt);
  void record(TraceKind kind, std::uint32_t subject, std::uint32_t object, std::uint64_t value);
  /// A number for a lock or pipe that the scenario does not name; `name` is for reports.
  [[nodiscard]] std::uint32_t name_object(std::string name);
  /// Who holds the lock that a thread of `process` knows as `object`; nobody for other things.
  [[nodiscard]] std::optional<ThreadId> lock_holder(const UserProcess& process,
                                                    std::uint32_t object) const;
  /// What the lock needs to have priority inheritance; nullptr if it has none.
  [[nodiscard]] Inheritance* inheritance_of(LockIndex lock);
  /// That who takes over a lock of this scope fetches from the last holder's core.
  [[nodiscard]] double lock_lines(LockScope scope) const;
  /// The name that a report uses for lock or pipe `object`.
  [[nodiscard]] std::string object_name(std::uint32_t object) const;

 private:
  void run_out_of_memory(const MemoryShortage& shortage);

  std::vector<std::string> object_names_;  // locks of the scenario first
};

}  // namespace timeslice::models
