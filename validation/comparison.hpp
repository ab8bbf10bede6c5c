// Predicted beside measured: one number of one point, and all points condensed.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace timeslice::validation {

/// One metric at one point. Values in the unit of the metric; errors as ratios, 0.05 is 5 %.
struct Comparison {
  std::string name;    // "makespan", "cpu_time", "idle_time", "switches_voluntary", ...
  std::string entity;  // "" for the whole run
  std::string unit;
  double predicted = 0.0;       // median over the accepted runs, each with its speed index
  double predicted_low = 0.0;   // these two bound, with 95 %, the median of as many native runs
  double predicted_high = 0.0;  //   as were accepted: seeds, spread of the index, calibration
  double measured = 0.0;        // median over the accepted runs
  double measured_cv = 0.0;     // raw spread: standard deviation / mean
  std::optional<double>
      error;  // median of the paired predicted / measured - 1; nothing: measured 0
  std::optional<double> error_raw;  // the same with nothing from the run: calibrated speed only
  std::optional<double>
      error_null;        // the null model with the same index; only some metrics have it
  bool covered = false;  // measured lies within [predicted_low, predicted_high]
};

/// Makespan errors over several points; absolute values, as ratios.
struct ValidationSummary {
  std::uint64_t points = 0;
  double mape = 0.0;
  double median = 0.0;
  double p90 = 0.0;
  double max = 0.0;
  double raw_median = 0.0;
  double null_median = 0.0;
  double skill = 0.0;           // 1 - sum |error| / sum |error_null|
  double coverage = 0.0;        // share of covered points
  double interval_score = 0.0;  // mean of (width + 40 x miss) / measured: small is good
};

/// Condenses the makespan comparisons; those without an error are left out.
[[nodiscard]] ValidationSummary summarise(std::span<const Comparison> makespans);

}  // namespace timeslice::validation
