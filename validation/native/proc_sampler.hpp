// What psutil would see of a native run: samples of its processes and of the CPUs from /proc.
//
// A thread of ours reads them while the program runs, so a sample costs the host some time: about
// 0.1 ms a process, and as much again for its PSS. Same columns as the simulated time line
// (docs/models/psutil.md). Context switches and CPU time are summed over the threads that live.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "models/work/timings.hpp"
#include "sim/time.hpp"

namespace timeslice::validation {

class ProcSampler {
 public:
  /// Samples the process group `group`, whose leader is the main process, until `stop`.
  ProcSampler(std::int32_t group, sim::Duration period);
  ProcSampler(const ProcSampler&) = delete;
  ProcSampler& operator=(const ProcSampler&) = delete;
  ~ProcSampler();

  /// Ends sampling.
  void stop();

  /// Adds what was seen between two instants of CLOCK_MONOTONIC, counted from the first. Processes
  /// are called "main", "resource-tracker", "fork-server", and "process 1", "process 2" ... in the
  /// order of their creation. Requires: stopped.
  void add_to(models::Timings& timings, std::int64_t start_ns, std::int64_t end_ns) const;

 private:
  struct Process {
    std::int32_t id = 0;
    std::int64_t run_ns = 0;
    std::int64_t rss = 0;
    std::int64_t pss = 0;
    std::uint32_t threads = 0;
    std::uint64_t voluntary = 0;
    std::uint64_t involuntary = 0;
  };
  struct Sample {
    std::int64_t at_ns = 0;
    std::vector<Process> processes;  // by id
    std::vector<std::int64_t> cpu_busy_ns;
  };

  void run();
  [[nodiscard]] Sample look();
  [[nodiscard]] static bool read_process(std::int32_t id, Process& into);
  [[nodiscard]] static std::vector<std::int64_t> read_cpus();
  [[nodiscard]] std::string role(std::int32_t id);
  static void add_processes(const Sample& before, const Sample& now, models::ProcessSample& all,
                            const std::map<std::int32_t, std::string>& names,
                            models::Timings& timings);

  std::int32_t group_;
  sim::Duration period_;
  std::vector<Sample> samples_;
  std::map<std::int32_t, std::uint32_t> looks_;  // by process
  std::map<std::int32_t, std::string> names_;
  std::uint32_t children_ = 0;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace timeslice::validation
