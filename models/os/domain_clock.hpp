// One clock for many threads whose speeds rise and fall together.
//
// Threads that share a memory path, a cache line or a package's frequency are all slowed by one
// factor. Instead of timing each anew when the factor changes, they count in the domain's own time,
// which runs at `rate`: a thread that needs v units of it ends when the clock has advanced by v,
// whatever the rate did meanwhile. A change of rate is O(1), joining and leaving O(log members).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace timeslice::models {

class DomainClock {
 public:
  static constexpr std::uint32_t none = 0xffffffffU;

  /// The clock's own time [ns of it] at `now_ns` of simulated time, not before its last change.
  [[nodiscard]] double at(std::int64_t now_ns) const {
    return value_ + static_cast<double>(now_ns - since_) * rate_;
  }
  [[nodiscard]] double rate() const { return rate_; }

  /// From now on it runs at `rate`. Requires: rate > 0.
  void set_rate(std::int64_t now_ns, double rate);

  /// `cpu`'s work ends after `length` of this clock's time. Replaces what it said before.
  void schedule(std::int64_t now_ns, std::uint32_t cpu, double length);
  void cancel(std::uint32_t cpu);

  /// When the next one ends, rounded up to whole ns; INT64_MAX: nobody waits.
  [[nodiscard]] std::int64_t next_end() const;
  /// Takes the CPU whose work has ended off; `none` if nobody's has. Ties: the lower CPU.
  [[nodiscard]] std::uint32_t take_ended(std::int64_t now_ns);

  /// Nobody counts on it: it may begin at zero again, so that its numbers stay small.
  void restart(std::int64_t now_ns);

 private:
  struct Entry {
    double end = 0.0;
    std::uint32_t cpu = 0;
  };
  [[nodiscard]] static bool before(const Entry& a, const Entry& b) {
    return a.end != b.end ? a.end < b.end : a.cpu < b.cpu;
  }
  void put(std::size_t position, const Entry& entry);
  void rise(std::size_t position, const Entry& entry);
  void sink(std::size_t position, const Entry& entry);
  void place(std::size_t position, const Entry& entry);
  void remove(std::size_t position);

  double value_ = 0.0;
  std::int64_t since_ = 0;
  double rate_ = 1.0;
  std::vector<Entry> heap_;               // the earliest first
  std::vector<std::uint32_t> positions_;  // in the heap, by CPU
};

}  // namespace timeslice::models
