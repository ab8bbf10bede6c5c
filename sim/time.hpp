// Simulated time: strong types built on std::chrono, in integer nanoseconds.
//
// Integers keep every run bit-for-bit repeatable; 2^63 ns is about 292 years.
// SimClock has no now(): simulated time is only ever handed to you by the engine.
#pragma once

#include <chrono>
#include <cstdint>

namespace timeslice::sim {

/// A length of simulated time. Write 5ms or 20us, never a bare number.
using Duration = std::chrono::nanoseconds;

/// The clock that simulated instants belong to. Mixing it with a real clock does not compile.
struct SimClock {
  using rep = std::int64_t;
  using period = std::nano;
  using duration = Duration;
  using time_point = std::chrono::time_point<SimClock>;
  static constexpr bool is_steady = true;
};

/// For ratios and products; exact below 2^53 ns, 104 days.
[[nodiscard]] constexpr double as_ns(Duration duration) {
  return static_cast<double>(duration.count());
}

/// A point in simulated time. Default-constructed: the start of the run.
using Instant = SimClock::time_point;

}  // namespace timeslice::sim
