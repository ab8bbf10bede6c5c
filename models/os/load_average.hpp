// How busy a thread or a CPU has been lately: means that forget half of the past every 32 ms.
//
// Linux's per-entity load tracking is a geometric series over windows of 1024 us with y^32 = 1/2
// (kernel/sched/pelt.c, 6.12); here it is the exponential mean that the series approximates. Values
// are brought up to date only when somebody asks, by two table look-ups: O(1), no transcendental.
#pragma once

#include <array>
#include <cstdint>

namespace timeslice::models {

/// What is averaged, of a thread or summed over the threads of a CPU.
struct Activity {
  double running = 0.0;  // CPUs of full capacity in use
  double able = 0.0;     // threads that run or wait for a CPU
  double load = 0.0;     // their weights, 1024 for nice 0
};

class LoadAverage {
 public:
  LoadAverage() = default;
  explicit LoadAverage(std::int64_t now_ns) : at_{now_ns} {}

  /// Brings the mean up to `now_ns`, to a whole microsecond (1024 ns). Requires: not in the past.
  void settle(std::int64_t now_ns);

  /// From now on `by` more is going on. Requires: settled.
  void change(const Activity& by);

  /// Takes over, or loses, what a thread brings: its present activity and its mean. Both settled.
  void add(const LoadAverage& other);
  void remove(const LoadAverage& other);

  /// Its load, now and lately, counts `factor` times as much.
  void scale_load(double factor) {
    mean_.load *= factor;
    present_.load *= factor;
  }

  void set_mean(const Activity& mean) { mean_ = mean; }
  [[nodiscard]] const Activity& mean() const { return mean_; }
  [[nodiscard]] const Activity& present() const { return present_; }

 private:
  Activity mean_;
  Activity present_;
  std::int64_t at_ = 0;
};

/// Part of the past that is left after `units` of 1024 ns.
[[nodiscard]] double remembered(std::int64_t units);

}  // namespace timeslice::models
