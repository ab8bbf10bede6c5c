// Who does the work: kinds of executors and their knobs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "models/ids.hpp"
#include "models/os/class_spec.hpp"
#include "models/units.hpp"
#include "sim/time.hpp"

namespace timeslice::models {

enum class ExecutorKind {
  serial,
  threads,           // ThreadPoolExecutor
  thread_per_task,   // threading.Thread
  processes,         // multiprocessing.Pool
  process_per_task,  // multiprocessing.Process
  process_executor,  // ProcessPoolExecutor
  interpreters,      // InterpreterPoolExecutor
  cpp_threads,       // std::thread workers on one shared queue
  cpp_async,         // std::async, a thread a task
  asyncio            // event loops; without `workers` one in the thread that uses it
};

enum class StartMethod { platform_default, fork, spawn, forkserver };

/// `workers: N | default | cores`.
struct WorkerCount {
  enum class Kind { number, runtime_default, cores } kind = Kind::runtime_default;
  std::uint32_t number = 0;
};

/// How payload travels: pickled through a pipe, or in a block of shared memory whose name travels.
enum class Codec { pickle, shared_memory };

/// What travels with an item and back.
struct PayloadSpec {
  Bytes argument{};
  Bytes result{};
  std::uint64_t objects = 1;  // Python objects that each of the two consists of
  Codec codec = Codec::pickle;
};

struct ExecutorSpec {
  std::string name;
  ExecutorKind kind = ExecutorKind::serial;
  WorkerCount workers;
  StartMethod start = StartMethod::platform_default;
  std::optional<std::uint64_t> chunksize;  // nothing: auto
  PayloadSpec payload;
  sim::Duration import_cost{};  // CPU a fresh child spends beyond starting the interpreter
  enum class Create { first_use, start } create = Create::first_use;
  enum class Shutdown { join, terminate } shutdown = Shutdown::join;
  std::optional<std::uint64_t> maxtasksperchild;  // a worker ends after so many messages
  Bytes memory;             // of a worker process of its own, touched once when it starts
  Bytes import_memory;      // what `import_cost` leaves in a fresh child's memory
  Bytes touches;            // inherited objects that a forked worker looks at
  bool daemon = false;      // thread-per-task: nobody waits for its threads at the end
  std::vector<CpuId> pin;   // worker i runs on pin[i % size]; empty: free
  std::optional<int> nice;  // of the workers; nothing: as the thread that creates them
  ClassSpec sched{};        // of the workers
  GroupId group{};
};

}  // namespace timeslice::models
