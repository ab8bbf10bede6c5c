// Keeps disturbed samples out: foreign load and stolen time are read around every round of a probe.
//
// A round that others disturbed is repeated, up to a bound and while time is left; then the last
// one counts and says so. Rounds shorter than two ticks of the kernel's counters (20 ms) cannot be
// judged by load and count as they are. Costs two reads of /proc/stat a round.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "sim/time.hpp"
#include "validation/calibrate/probe_samples.hpp"

namespace timeslice::validation {

/// What happened on the machine while a round ran.
struct RoundNoise {
  sim::Duration wall{};
  sim::Duration foreign{};  // CPU time of others, on all CPUs together
  sim::Duration steal{};
};

/// Why a round does not count: stolen time, or others used more than a tenth of its wall time (and
/// two ticks, which /proc/stat may be wrong by).
[[nodiscard]] bool is_disturbed(const RoundNoise& noise);

class ProbeGuard {
 public:
  using Round = std::function<std::vector<double>()>;

  /// No repeats after `deadline_ns` (CLOCK_MONOTONIC).
  explicit ProbeGuard(std::int64_t deadline_ns) : deadline_ns_{deadline_ns} {}

  /// `rounds` good rounds of `round`, whose samples are kept as `name`. Past the deadline: fewer,
  /// at least one.
  void collect(const std::string& name, std::uint64_t rounds, const Round& round);

  void miss(const std::string& name, std::string why);

  [[nodiscard]] const ProbeSamples& samples() const { return samples_; }

 private:
  static constexpr int most_tries = 3;  // of one round

  std::int64_t deadline_ns_;
  ProbeSamples samples_;
};

}  // namespace timeslice::validation
