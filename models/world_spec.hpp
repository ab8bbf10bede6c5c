// Everything that the simulated world is made of: one value, read by the simulator and by the
// native runners alike.
#pragma once

#include <string>
#include <vector>

#include "models/machine/machine_spec.hpp"
#include "models/os/os_spec.hpp"
#include "models/pool/executor_spec.hpp"
#include "models/python/runtime_spec.hpp"
#include "models/work/character_spec.hpp"
#include "models/work/step.hpp"

namespace timeslice::models {

enum class LockKind { mutex, rwlock, semaphore, barrier, queue, event };
enum class LockScope { thread, process };

struct LockSpec {
  std::string name;
  LockKind kind = LockKind::mutex;
  LockScope scope = LockScope::thread;
  bool inherit = false;        // its holder is as urgent as who waits for it
  std::uint32_t value = 1;     // semaphore: how many may hold it
  std::uint32_t parties = 0;   // barrier: how many meet
  std::uint32_t capacity = 0;  // queue: how much it holds; 0: no bound
};

/// Another program on the machine; nobody waits for it.
struct BackgroundSpec {
  TaskIndex task{};
  std::uint32_t threads = 1;  // each repeats the task until main ends
  int nice = 0;
  ClassSpec sched{};
  GroupId group{};
  sim::Duration start{};
};

struct WorldSpec {
  MachineSpec machine;
  OsSpec os;
  RuntimeSpec runtime;
  std::vector<LockSpec> locks;
  std::vector<TaskSpec> tasks;
  std::vector<ExecutorSpec> executors;
  std::vector<std::string> futures;  // names by FutureIndex
  Steps main;
  /// What steps do to the machine; the first stands for "nothing special", and may be missing.
  std::vector<CharacterSpec> characters;
  std::vector<BackgroundSpec> background;
};

/// The same world with the groups that `os.autogroup` stands for; does nothing the second time.
[[nodiscard]] WorldSpec with_sessions(WorldSpec world);

/// Effects that can be switched off one by one, for ablation, the cost waterfall and what-ifs.
/// `rest`: noise, interruptions, ticks and background programs.
enum class Effect { gil, start_cost, ipc_cost, switch_cost, contention, rest };

/// The same world without `effect`.
[[nodiscard]] WorldSpec without(WorldSpec world, Effect effect);

}  // namespace timeslice::models
