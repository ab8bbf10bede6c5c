// The yardstick: the least loop over std::priority_queue that does the work of an engine.
//
// Same event (16 bytes by value), same total order, same table of what to do, same dispatch by
// switch; none of the engine's services: no cancel but the one that a benchmark writes itself, no
// slots, no limits, no checks.
#pragma once

#include <cstdint>
#include <queue>
#include <vector>

#include "sim/event.hpp"

namespace timeslice::bench {

struct Later {
  bool operator()(const sim::Event& a, const sim::Event& b) const { return sim::before(b, a); }
};

class RawQueue {
 public:
  void push(std::uint64_t time, std::uint32_t id) {
    queue_.push({.time = time, .key = sim::event_key(0, sequence_++, id)});
  }
  [[nodiscard]] bool empty() const { return queue_.empty(); }
  sim::Event pop() {
    const sim::Event event = queue_.top();
    queue_.pop();
    return event;
  }
  [[nodiscard]] std::uint64_t last_key(std::uint32_t id) const {
    return sim::event_key(0, sequence_ - 1, id);
  }

 private:
  std::priority_queue<sim::Event, std::vector<sim::Event>, Later> queue_;
  std::uint64_t sequence_ = 1;
};

/// What an event means, in a flat table by id.
struct Action {
  std::uint32_t argument = 0;
  std::uint8_t kind = 0;
};

/// 2^14 exponential increments with the given mean, drawn before the measurement: both loops read
/// them in turn, so that the price of a draw hides nothing.
class Increments {
 public:
  explicit Increments(double mean_ns);
  [[nodiscard]] std::uint64_t next() { return values_[position_++ & (count - 1)]; }

 private:
  static constexpr std::size_t count = std::size_t{1} << 14;
  std::vector<std::uint64_t> values_;
  std::size_t position_ = 0;
};

}  // namespace timeslice::bench
