// Closed forms that a simulation must agree with where their assumptions hold.
#pragma once

#include <cstdint>

namespace timeslice::validation {

/// Amdahl's law: speed-up of `workers` over one, where `serial` of the work cannot be shared.
/// Assumes that the rest divides evenly and that nothing costs anything.
/// Requires: 0 <= serial <= 1, workers >= 1. (G. M. Amdahl, AFIPS 1967.)
[[nodiscard]] double amdahl_speedup(double serial, double workers);

/// Erlang C: probability that a customer of an M/M/c queue has to wait.
/// `offered` = arrival rate x mean service time. Requires: 0 <= offered < servers.
[[nodiscard]] double erlang_c(std::uint32_t servers, double offered);

/// Mean wait of an M/M/c queue before service, in mean service times.
[[nodiscard]] double mmc_mean_wait(std::uint32_t servers, double offered);

}  // namespace timeslice::validation
