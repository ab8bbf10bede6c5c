// Measured runs and their simulations in, comparisons out.
//
// Errors are paired: each accepted run against the simulation with that run's own draws and speed
// index; the median of the ratios counts. Cost: a bootstrap of 1000 resamples a metric.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "models/machine/machine_spec.hpp"
#include "models/work/timings.hpp"
#include "validation/comparison.hpp"
#include "validation/theory/null_model.hpp"

namespace timeslice::validation {

/// Everything about one accepted native run.
struct PairedRun {
  models::Timings measured;
  models::Timings predicted;            // same draws, with this run's speed index
  std::vector<models::Timings> spread;  // other seeds, the same index; may be empty
  models::Timings raw;                  // same draws, calibrated speeds only
  NullPrediction null;
  models::SpeedFactors kinds = {};  // of each kind of work, that `predicted` was given
  std::vector<models::SpeedTimeline> speeds = {};  // of each CPU, that `predicted` was given
};

struct CompareOptions {
  std::uint64_t cpus = 1;
  /// Executors whose workers are processes: their threads are called NAME-0, NAME-1 ...
  std::vector<std::string> process_executors = {};
  double calibration_doubt = 0.0;  // relative, one standard deviation, of the nominal speed
  std::uint64_t seed = 1;          // of the bootstrap
};

/// Makespan first, then throughput, CPU time, idle time, switches (of the whole program, of its
/// main process and of its worker processes), startup and shutdown of each executor, loop lag, and
/// peak memory where it was sampled; what one side does not know is left out. Empty without runs.
[[nodiscard]] std::vector<Comparison> compare(std::span<const PairedRun> runs,
                                              const CompareOptions& options);

}  // namespace timeslice::validation
