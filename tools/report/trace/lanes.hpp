// Gives every stretch of time a lane, so that stretches in one lane never overlap.
//
// Each goes to the lowest lane that is free when it begins. Cost: O(log lanes) a stretch.
#pragma once

#include <cstdint>
#include <functional>
#include <queue>
#include <utility>
#include <vector>

namespace timeslice::tools {

class Lanes {
 public:
  /// The lane of [start, end). Requires: called in order of start.
  [[nodiscard]] std::uint32_t place(std::int64_t start, std::int64_t end) {
    while (!busy_.empty() && busy_.top().first <= start) {
      free_.push(busy_.top().second);
      busy_.pop();
    }
    std::uint32_t lane = count_;
    if (free_.empty()) {
      ++count_;
    } else {
      lane = free_.top();
      free_.pop();
    }
    busy_.emplace(end, lane);
    return lane;
  }

 private:
  using Busy = std::pair<std::int64_t, std::uint32_t>;  // until when, which lane

  std::priority_queue<Busy, std::vector<Busy>, std::greater<>> busy_;
  std::priority_queue<std::uint32_t, std::vector<std::uint32_t>, std::greater<>> free_;
  std::uint32_t count_ = 0;
};

}  // namespace timeslice::tools
