// What one native run yields: timings, and what is needed to judge and to normalise it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "models/work/timings.hpp"
#include "scenarios/runner.hpp"
#include "sim/time.hpp"

namespace timeslice::validation {

/// Python and C++ steps are cut into parts of about this length, each of which reads the thread CPU
/// clock: fine enough to see a CPU change its speed.
constexpr sim::Duration fine_part = std::chrono::milliseconds{2};
/// In recorded runs. Linux brings a thread's run time up to date when it reads that clock, and ends
/// a used-up slice there instead of at the next tick: parts of 2 ms halve runs of 4 ms (measured).
constexpr sim::Duration recorded_part = std::chrono::milliseconds{200};

/// How native runs are carried out, beyond what the scenario says.
struct RunStyle {
  sim::Duration part = fine_part;  // that long steps are cut into
  /// Python: note how long each item took from submit to result. Costs its program a few us an
  /// item.
  bool latencies = false;
};

/// Which kernel ran; the same numbers as the harness's operations.
enum class Kernel : std::int32_t { python, native, held };

/// One call of a kernel: its bounds on the clock of the run (0: main's first step), how much CPU
/// time it took and how much it takes on an undisturbed core, and where it ran.
struct KernelSample {
  std::int64_t begin_ns = 0;
  std::int64_t end_ns = 0;
  std::int64_t used_ns = 0;  // thread CPU time
  std::int64_t nominal_ns = 0;
  std::int32_t cpu_first = 0;  // operating-system numbers
  std::int32_t cpu_last = 0;
  Kernel kernel = Kernel::python;
  std::int32_t unused = 0;
};

struct NativeRun {
  models::Timings timings;  // status failed: `error` says why
  std::vector<KernelSample> samples;
  sim::Duration foreign_cpu{};  // CPU time of others on the machine's CPUs meanwhile
  sim::Duration steal{};        // taken by the hypervisor meanwhile
  std::int32_t root = 0;        // process number that the measured program had
  std::int64_t start_ns = 0;    // CLOCK_MONOTONIC: main's first step
};

/// A runner whose runs happen on this host.
class NativeRunner : public scenarios::Runner {
 public:
  /// Requires: native_obstacle() found nothing in the scenario.
  [[nodiscard]] virtual NativeRun measure(const scenarios::Scenario& scenario,
                                          std::uint64_t repetition,
                                          const scenarios::RunOptions& options) = 0;

  [[nodiscard]] models::Timings run(const scenarios::Scenario& scenario, std::uint64_t repetition,
                                    const scenarios::RunOptions& options) override {
    return measure(scenario, repetition, options).timings;
  }
};

/// Names that stand for groups of a program's threads in `entity` of a metric.
constexpr const char* main_process = "main process";
constexpr const char* worker_processes = "worker processes";

/// What the operating system counted for some threads of a run.
struct UsagePart {
  sim::Duration cpu{};
  std::uint64_t voluntary = 0;
  std::uint64_t involuntary = 0;
};

/// What it counted for the whole run.
struct NativeUsage {
  sim::Duration makespan{};
  UsagePart own{};                      // of the main process
  std::optional<UsagePart> children{};  // of others; nothing: somebody else waited for them
  bool alone = true;                    // the main process is meant to be the only one
  std::uint64_t cpus = 1;
  std::uint64_t items = 0;
};
/// Adds the metrics of the contract that follow from it; those of the whole program only where all
/// of it was counted.
void add_metrics(const NativeUsage& usage, models::Timings& timings);

/// Adds the quantiles of a task's latencies [ns], and the latencies. None: nothing.
void add_latencies(const std::string& task, std::vector<std::int64_t> latencies,
                   models::Timings& timings);

/// CPU time of all programs on this host so far, from /proc/stat (in ticks of 10 ms).
struct HostCpuTimes {
  sim::Duration busy{};
  sim::Duration steal{};
};
/// Reads the counters now.
[[nodiscard]] HostCpuTimes host_cpu_times();

/// `own` of the busy time between two readings was ours: fills foreign_cpu and steal.
void note_disturbance(const HostCpuTimes& before, const HostCpuTimes& after, sim::Duration own,
                      NativeRun& run);

}  // namespace timeslice::validation
