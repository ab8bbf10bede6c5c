// Speed-up along one axis of a sweep: how many times faster each point is than its base.
//
// The base has the smallest value of the axis and equals the point in every other parameter; the
// ratio is the mean over paired replications, as the format defines speedup(A / B).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tools/report/run_report.hpp"

namespace timeslice::tools {

struct SpeedupAxis {
  std::string name;   // the first axis of numbers along which the work stays the same; or empty
  std::string other;  // then: an axis of numbers that changes how much work there is, if any
};

/// Only axes with two different numbers at least count. Being faster with less work to do is no
/// speed-up: points that differ in the axis alone must have the same nominal work.
[[nodiscard]] SpeedupAxis speedup_axis(const RunReport& report);

/// By point, in the order of report.points; nothing where the base is missing or a run failed.
[[nodiscard]] std::vector<std::optional<double>> speedups(const RunReport& report,
                                                          const std::string& axis);

}  // namespace timeslice::tools
