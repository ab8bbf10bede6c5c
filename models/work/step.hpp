// What one piece of work does, step by step: the vocabulary of tasks and of the main program.
//
// Plain values. Names of the scenario are resolved to indices, so a step never holds a string.
// Durations are nominal: time on one undisturbed core of the machine they were measured on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "models/ids.hpp"
#include "models/work/distribution.hpp"

namespace timeslice::models {

struct Step;
using Steps = std::vector<Step>;

/// `python: D`: bytecode; needs the GIL and looks at the eval breaker.
struct PythonStep {
  Distribution duration;
  double shared = 0.0;          // 0..1 of it: touching objects that other threads touch as well
  std::uint32_t character = 0;  // into WorldSpec::characters; 0: none
  bool surrounds = false;       // library code around a task's work: it gets cold
  sim::Duration timed_part{};  // it reads its CPU clock around each part of about so long; 0: never
};

/// `native: D`: CPU work in C; the GIL is released unless `holds_gil`.
struct NativeStep {
  Distribution duration;
  bool holds_gil = false;
  std::uint32_t character = 0;  // into WorldSpec::characters; 0: none
  sim::Duration timed_part{};   // likewise
};

/// `memory: {...}` and `atomic: N`: lines walked over, or operations on a shared line. Takes what
/// the machine's memory makes of it; the GIL is released.
struct MemoryStep {
  double units = 0.0;           // lines of 64 B, or operations
  std::uint32_t character = 0;  // into WorldSpec::characters
};

/// `io: D`: a blocking wait off the CPU, GIL released.
struct IoStep {
  Distribution duration;
};

/// `sleep: D`: a timer with slack and wake-up latency, GIL released.
struct SleepStep {
  Distribution duration;
};

/// `yield: {}`: gives way to whoever the policy prefers, sched_yield(2).
struct YieldStep {};

/// `nice: N`: the nice level of the thread that does this, from here on; setpriority(2).
struct NiceStep {
  std::int32_t level = 0;  // -20..19
};

/// `call: T`: runs task T inline.
struct CallStep {
  TaskIndex task{};
};

/// `with: LOCK / do: [...]`: a mutex, a semaphore, a readers-writer lock.
struct WithStep {
  LockIndex lock{};
  Steps body;
  bool reads = false;  // of a readers-writer lock: beside other readers
};

/// `put: Q`, `get: Q`, `set: E`, `wait: E`, `barrier: B`.
struct SyncStep {
  enum class What : std::uint8_t { put, get, set, wait, barrier } what = What::put;
  LockIndex lock{};
};

/// `repeat: N / do: [...]`.
struct RepeatStep {
  std::uint64_t times = 0;
  Steps body;
};

/// `timeout: D / do: [...]`: asyncio.timeout around steps of a coroutine. When the time is over
/// they are cancelled where they await, and the coroutine goes on behind them.
struct TimeoutStep {
  Distribution after;
  Steps body;
};

/// One branch of `choose`.
struct Choice {
  double probability = 0.0;  // 0..1; what the branches leave of 1 means doing nothing
  Steps body;
};

/// `choose: [{p: 0.05, do: [...]}, ...]`: one branch at random.
struct ChooseStep {
  std::vector<Choice> choices;
};

/// How a map gives its results back: all together, or one after the other, in order or as they
/// come.
enum class MapOrder { whole, in_order, unordered };

/// `map:`, `starmap:`, `imap:` and `imap_unordered:`: all items handed over, then waited for. map
/// and starmap differ in how Python unpacks arguments, not in how work meets workers.
struct MapStep {
  TaskIndex task{};
  ExecutorIndex executor{};
  std::uint64_t items = 0;
  std::optional<std::uint64_t> chunksize{};  // overrides the executor's; nothing: as executor says
  bool star = false;                         // starmap
  MapOrder order = MapOrder::whole;
};

/// `submit: {task, executor, items, as: f}`.
struct SubmitStep {
  TaskIndex task{};
  ExecutorIndex executor{};
  std::uint64_t items = 1;
  FutureIndex as{};
};

/// `join: f`: waits for everything submitted under that name so far.
struct JoinStep {
  FutureIndex future{};
};

/// `await: {io: D}`, `await: {sleep: D}`, `await: {task: T}` (the coroutine itself) and
/// `await: {task: T, executor: E}` (run_in_executor): what a coroutine of an event loop waits for.
struct AwaitStep {
  enum class What : std::uint8_t { io, sleep, task } what = What::sleep;
  Distribution duration{};  // of io and sleep
  TaskIndex task{};
  std::optional<ExecutorIndex> executor{};  // nothing: in the loop
};

/// `gather: {task, items, executor}`: tasks of an event loop, all at once. From main the executor
/// is the loop; in a coroutine nothing means its own loop, or whoever runs the items for it.
struct GatherStep {
  TaskIndex task{};
  std::optional<ExecutorIndex> executor{};
  std::uint64_t items = 0;
};

/// `periodic: {task, every: 10ms, deadline: 8ms, offset: 0ms, priority: 3, for: 1s}`: a real-time
/// task on a thread of its own. A step of main itself, not of tasks or loops.
struct PeriodicStep {
  TaskIndex task{};
  Distribution every;                       // between releases; not constant: a sporadic task
  std::optional<sim::Duration> deadline{};  // after the release; nothing: the period
  sim::Duration offset{};                   // of the first release
  std::int32_t priority = 1;                // 1..99, less is more urgent
  sim::Duration length{};                   // `for`: releases before that
  std::vector<CpuId> pin{};                 // CPUs it may use; empty: all
};

/// `kill: {executor, worker, at}`: SIGKILL for a worker process. A step of main itself; main goes
/// on.
struct KillStep {
  ExecutorIndex executor{};
  std::uint32_t worker = 0;  // of those alive then, in the order of their start
  sim::Duration at{};        // since main's first step
};

/// One step of a program.
struct Step {
  std::variant<PythonStep, NativeStep, MemoryStep, IoStep, SleepStep, CallStep, WithStep,
               RepeatStep, ChooseStep, MapStep, SubmitStep, JoinStep, PeriodicStep, YieldStep,
               NiceStep, SyncStep, AwaitStep, GatherStep, KillStep, TimeoutStep>
      what;
  /// Position in its task in reading order, nested steps included; keys the step's draws.
  std::uint32_t number = 0;
};

/// The steps that `step` runs inside of itself whatever happens; null: it has none, or choices.
[[nodiscard]] inline const Steps* body_of(const Step& step) {
  if (const auto* with = std::get_if<WithStep>(&step.what)) {
    return &with->body;
  }
  if (const auto* repeat = std::get_if<RepeatStep>(&step.what)) {
    return &repeat->body;
  }
  const auto* timeout = std::get_if<TimeoutStep>(&step.what);
  return timeout == nullptr ? nullptr : &timeout->body;
}

/// One named task.
struct TaskSpec {
  std::string name;
  Steps steps;
};

}  // namespace timeslice::models
