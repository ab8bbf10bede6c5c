// How fast each CPU works: nominal nanoseconds done in one nanosecond of simulated time.
//
// rate = speed of the core's kind * machine speed for the kind of work * SMT share
//        * speed over time of this CPU * (1 - tick cost / tick).
// Kernel work counts as native work. The rate is constant between events; the dispatcher asks again
// when a sibling starts or stops or the CPU's speed changes. Only + - * /, so the same everywhere.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "models/machine/machine_spec.hpp"
#include "models/os/dispatcher.hpp"

namespace timeslice::models {

/// Never: an instant after all others, in ns.
constexpr std::int64_t never = INT64_MAX;

/// Part of a core that each of `busy` CPUs of it gets. Two get smt_gain / 2 each. For more, a
/// guess: each further sibling adds half of what the one before it added (smt_gain - 1 for the
/// second).
[[nodiscard]] double smt_share(double smt_gain, std::uint32_t busy);

/// Wall time of `nominal_ns` at `rate`, rounded up to whole ns; `never` when out of range. What is
/// above a whole number by less than 1e-6 ns is rounding noise of the division and dropped.
[[nodiscard]] inline std::int64_t wall_ns(double nominal_ns, double rate) {
  constexpr double longest_ns = 4.0e18;  // 127 years: far beyond any run, well inside 64 bits
  constexpr double noise_ns = 1e-6;
  const double exact = nominal_ns / rate;
  if (exact >= longest_ns) {
    return never;
  }
  const auto whole = static_cast<std::int64_t>(exact);
  return exact - static_cast<double>(whole) > noise_ns ? whole + 1 : whole;
}

class CpuRates {
 public:
  /// `machine` must outlive this. Requires: speeds > 0, tick cost below the tick.
  CpuRates(const MachineSpec& machine, sim::Duration tick, std::uint32_t core_size_max);

  /// Rate of work of this kind with `busy` CPUs of the core at work, this one included.
  [[nodiscard]] double rate(std::uint32_t cpu, WorkKind kind, std::uint32_t busy) const {
    return base_[cpu] * by_kind_[static_cast<std::size_t>(kind)] * share_[busy];
  }

  // The factors of that rate one by one, for what is slowed by more than its core.
  [[nodiscard]] double core_speed(std::uint32_t cpu) const;
  [[nodiscard]] double kind_factor(WorkKind kind) const {
    return by_kind_[static_cast<std::size_t>(kind)];
  }
  [[nodiscard]] double share(std::uint32_t busy) const { return share_[busy]; }
  /// Speed over time and what ticks leave.
  [[nodiscard]] double time_share(std::uint32_t cpu) const { return base_[cpu] / core_speed(cpu); }

  /// When this CPU's speed changes next; `never` if it does not. [ns]
  [[nodiscard]] std::int64_t next_change(std::uint32_t cpu) const {
    return next_change_.empty() ? never : next_change_[cpu];
  }

  /// Applies all changes up to `now_ns` and returns the factor that then holds.
  double advance(std::uint32_t cpu, std::int64_t now_ns);

 private:
  const MachineSpec& machine_;
  double after_ticks_ = 1.0;       // part of the time that the timer interrupt leaves
  std::array<double, 4> by_kind_;  // by WorkKind
  std::vector<double> share_;      // by number of busy CPUs of a core
  std::vector<double> base_;       // by CPU: core kind, ticks and speed over time
  // By CPU; empty if no speed ever changes.
  std::vector<std::int64_t> next_change_;
  std::vector<std::uint32_t> changes_done_;
};

}  // namespace timeslice::models
