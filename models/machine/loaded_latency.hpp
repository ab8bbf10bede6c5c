// How long memory takes to answer when it is busy.
//
// L(rho) = L0 (1 + a rho / (s - rho)), s = 1.10, a = (Lsat/L0 - 1)(s - 1): L0 idle, Lsat at the
// highest bandwidth that is reached, rho = bandwidth in use / highest. s and the form are from six
// measured curves of Intel servers (docs/models/bandwidth.md); Lsat/L0 of them lies between 1.6 and
// 3.5 and must be known or measured. Cost: O(1), one division.
#pragma once

#include <algorithm>

namespace timeslice::models {

inline constexpr double latency_pole = 1.10;  // fitted on those curves
/// Lsat / L0 where nobody measured it: a little above the median of the six.
inline constexpr double saturated_latency_default = 2.8;

/// Factor on the idle latency at `load` (0..1) of a memory whose saturated latency is `saturated`
/// times the idle one. Requires: saturated >= 1.
[[nodiscard]] inline double latency_factor(double load, double saturated) {
  const double rho = std::clamp(load, 0.0, 1.0);
  return 1.0 + (saturated - 1.0) * (latency_pole - 1.0) * rho / (latency_pole - rho);
}

}  // namespace timeslice::models
