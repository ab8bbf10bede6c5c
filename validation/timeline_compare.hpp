// Simulated and recorded timelines of the same runs, side by side.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "validation/timeline.hpp"

namespace timeslice::validation {

/// One number of both sides. Only what both know is compared.
struct TimelineRow {
  std::string name;        // "run_length_p50", "wait", "cpu_share", "migrations", ...
  std::string entity;      // a role; "" for the whole program
  std::string unit;        // ns, count, 1
  double predicted = 0.0;  // median over the runs
  double measured = 0.0;
  std::optional<double> error;  // predicted / measured - 1; nothing: measured 0
};

struct TimelineComparison {
  std::string recorder;                 // the tier: "tracefs", "perf", "totals"
  std::string why_not_better;           // "" for tracefs
  std::uint64_t runs = 0;               // compared
  std::uint64_t repaired = 0;           // switches that the kernel had not reported
  std::optional<double> foreign_share;  // other programs' part of the CPUs' time, median
  double steal_share = 0.0;             // the hypervisor's, mean
  std::vector<TimelineRow> rows;
};

/// Facts of one run on both sides.
struct TimelinePair {
  TimelineFacts predicted;
  TimelineFacts measured;
};

/// Medians over `pairs`. A role that only some runs have counts where it is.
[[nodiscard]] std::vector<TimelineRow> compare_timelines(std::span<const TimelinePair> pairs);

}  // namespace timeslice::validation
