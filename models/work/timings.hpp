// What one run of a scenario yields, simulated or measured: the type both are compared in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "models/os/cpu_states.hpp"
#include "sim/time.hpp"

namespace timeslice::models {

/// Latencies kept of one task and run.
constexpr std::size_t max_latencies = 10'000;

enum class RunStatus { ok, failed, deadlock, timeout, killed };

/// One number. Names, entities and units are those of the command-line contract.
struct Metric {
  std::string name;
  std::string entity;  // "" for the whole run
  std::string unit;    // ns, 1/s, 1, count, B
  double value = 0.0;
};

/// Which worker ran which item, when. Times count from main's first step.
struct TaskTiming {
  std::string task;
  std::uint64_t item = 0;
  std::string executor;
  std::string worker;
  sim::Instant submitted;
  sim::Instant started;
  sim::Instant finished;
  sim::Instant readable;  // when the submitter could read the result
};

enum class SliceState { running, ready, blocked, gil_wait };

/// What a thread did over a stretch of time; `cpu` is -1 while it was not running.
struct SliceTiming {
  std::string thread;
  std::int32_t cpu = -1;
  sim::Instant start;
  sim::Instant end;
  SliceState state = SliceState::running;
};

/// A thread was made able to run; `waker` is empty where a timer, a device or nobody known did it.
struct WakeTiming {
  std::string thread;
  std::string waker;
  sim::Instant at;
};

/// A CPU was busy, and how; see models/os/cpu_states.hpp.
struct CpuStateTiming {
  std::int32_t cpu = 0;
  sim::Instant start;
  sim::Instant end;
  CpuState state = CpuState::alone;
};

/// A thread held the GIL of process `process` over a stretch of time.
struct GilHoldTiming {
  std::string process;
  std::string thread;
  sim::Instant start;
  sim::Instant end;
};

/// What psutil would show of one process at one instant; see docs/models/psutil.md.
struct ProcessSample {
  sim::Instant at{};            // since main's first step
  std::string process{};        // "": all processes of the program together
  double cpu_percent = 0.0;     // since the last sample; 100 is one CPU
  std::int64_t rss = 0;         // resident bytes
  std::int64_t pss = 0;         // shared pages by the number of processes that map them
  std::uint32_t threads = 0;    // that live
  std::uint64_t voluntary = 0;  // context switches so far
  std::uint64_t involuntary = 0;
};

/// Share of the time since the last sample in which a CPU was busy, whoever ran there.
struct CpuSample {
  sim::Instant at{};
  std::int32_t cpu = 0;
  double percent = 0.0;
};

struct Timings {
  RunStatus status = RunStatus::ok;
  std::string error;  // why not ok: who waits for what
  std::uint64_t seed = 0;
  std::uint64_t digest = 0;  // 0 for measured runs
  std::uint64_t events = 0;
  sim::Duration makespan{};
  std::vector<Metric> metrics;             // makespan included; ordered by name, then entity
  std::vector<TaskTiming> tasks;           // only when asked for
  std::vector<SliceTiming> slices;         // only when asked for
  std::vector<WakeTiming> wakes;           // beside the slices of simulated runs, by time
  std::vector<GilHoldTiming> gil_holds;    // likewise, by end
  std::vector<CpuStateTiming> cpu_states;  // likewise, by CPU and time
  sim::Duration sample_period{};           // of the samples, which come with the slices
  std::vector<ProcessSample> process_samples;
  std::vector<CpuSample> cpu_samples;
  /// Task latencies of this run, by task, to be pooled over replications for quantiles [ns].
  struct Latencies {
    std::string task;
    std::vector<std::int64_t> nanoseconds;  // at most max_latencies, sorted, evenly thinned
  };
  std::vector<Latencies> latencies;
  std::vector<std::string> warnings;
};

}  // namespace timeslice::models
