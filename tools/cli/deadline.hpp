// --time-limit: a point in real time after which work stops.
#pragma once

#include <chrono>
#include <optional>

namespace timeslice::tools {

class Deadline {
 public:
  /// Nothing: never passes.
  explicit Deadline(std::optional<std::chrono::nanoseconds> limit)
      : began_{Clock::now()}, limit_{limit} {}

  [[nodiscard]] bool passed() const { return limit_ && Clock::now() - began_ >= *limit_; }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point began_;
  std::optional<std::chrono::nanoseconds> limit_;
};

}  // namespace timeslice::tools
