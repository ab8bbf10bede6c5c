// Costs of this host in the course of a session, each run's own.
//
// What starts, wake-ups, cold code and page faults cost moves within seconds with what a shared
// host's neighbours do, and not as the speed of kernels in cache does: the speed index cannot tell.
// So they are measured again every few seconds between native runs. Cost: 1.5 s each time.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "validation/calibrate/host_calibration.hpp"

namespace timeslice::validation {

class References {
 public:
  /// The costs as they are now; nothing: not measured.
  using Measure = std::function<std::optional<QuickCosts>()>;

  /// `first`: as the session found them. Without `measure` they stay.
  References(const QuickCosts& first, Measure measure);
  /// Of a session that is over. Requires: at least one.
  explicit References(std::vector<QuickCosts> measured);

  /// Measures again if the last time is long enough ago; to be called before each run.
  void keep_up();
  /// Measures again if there were runs since; to be called after the last one.
  void close();

  /// The stretch between two measurements that the next run lies in.
  [[nodiscard]] std::size_t stretch() const { return measured_.size() - 1; }
  /// Costs of a run in that stretch: half-way between the measurements before and after it.
  [[nodiscard]] QuickCosts costs(std::size_t stretch) const;

  /// All measurements, in their order.
  [[nodiscard]] const std::vector<QuickCosts>& measured() const { return measured_; }

  /// One line about how they moved; empty when they were measured once.
  [[nodiscard]] std::string note() const;

 private:
  void measure();

  Measure measure_;
  std::vector<QuickCosts> measured_;
  std::chrono::steady_clock::time_point last_;
  bool ran_since_ = false;
};

}  // namespace timeslice::validation
