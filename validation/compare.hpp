// Measured runs and their simulations in, comparisons out.
//
// Errors are paired: each accepted run against the simulation with that run's own draws and speed
// index; the median of the ratios counts. Cost: a bootstrap of 1000 resamples a metric.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

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
};

struct CompareOptions {
  std::uint64_t cpus = 1;
  double calibration_doubt = 0.0;  // relative, one standard deviation, of the nominal speed
  std::uint64_t seed = 1;          // of the bootstrap
};

/// Makespan first, then CPU time, idle time, switches, startup and shutdown of each executor;
/// what one side does not know is left out. Empty without runs.
[[nodiscard]] std::vector<Comparison> compare(std::span<const PairedRun> runs,
                                              const CompareOptions& options);

}  // namespace timeslice::validation
