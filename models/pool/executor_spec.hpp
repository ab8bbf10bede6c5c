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
  cpp_threads,       // std::thread workers on one shared queue
  cpp_async          // std::async, a thread a task
};

enum class StartMethod { platform_default, fork, spawn, forkserver };

/// `workers: N | default | cores`.
struct WorkerCount {
  enum class Kind { number, runtime_default, cores } kind = Kind::runtime_default;
  std::uint32_t number = 0;
};

/// What travels with an item and back.
struct PayloadSpec {
  Bytes argument;
  Bytes result;
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
  Bytes memory;             // of a worker process of its own, touched once when it starts
  std::vector<CpuId> pin;   // worker i runs on pin[i % size]; empty: free
  std::optional<int> nice;  // of the workers; nothing: as the thread that creates them
  ClassSpec sched{};        // of the workers
  GroupId group{};
};

}  // namespace timeslice::models
