// Who gets how much of a shared last-level cache (LLC), and what that does to its misses.
//
// Share: a line stays for a time T that is the same for all, so each user holds what it inserts in
// T, at most its set; T is such that the cache is full. Insertions are misses, which depend on the
// share: both are solved together, E = accesses x misses(E) x T, by bisection on T.
// Misses: a curve through a few points (cache size, ratio of accesses that miss), straight between
// them, flat outside. Three points are needed: two miss the knee (docs/models/cache.md).
// Cost: about 30 passes over the kinds of users, not their number; no allocation.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "models/units.hpp"

namespace timeslice::models {

struct MissPoint {
  Bytes size;          // of the cache that the program has to itself
  double ratio = 0.0;  // of its LLC accesses that miss; 0..1, or misses in any other unit

  bool operator==(const MissPoint&) const = default;
};

/// A curve from cache size to misses.
class MissCurve {
 public:
  MissCurve() = default;
  /// Requires: sizes ascend strictly.
  explicit MissCurve(std::vector<MissPoint> points);

  /// Lines picked at random from a set: what is not in the cache misses. 0 without a set.
  [[nodiscard]] static MissCurve random_over(Bytes set);
  /// Walks over a set from end to end: least-recently-used order throws out what comes next, so
  /// nearly all misses as soon as it does not fit. Guess: linear down to half the set, since real
  /// replacement is not strict.
  [[nodiscard]] static MissCurve walk_over(Bytes set);

  [[nodiscard]] double at(double bytes) const;
  [[nodiscard]] bool empty() const { return points_.empty(); }
  [[nodiscard]] std::span<const MissPoint> points() const { return points_; }

  bool operator==(const MissCurve&) const = default;

 private:
  std::vector<MissPoint> points_;
};

/// Equal users of one LLC.
struct CacheUsers {
  double count = 1.0;
  double accesses = 0.0;  // of each, a unit of time, at its present speed
  double set = 0.0;       // bytes that each can make use of
  const MissCurve* misses = nullptr;
  double share = 0.0;  // the answer: bytes that each of them holds
};

/// Fills `share` of every user. Requires: capacity > 0, counts and rates not negative, curves that
/// never rise.
void share_cache(std::span<CacheUsers> users, double capacity);

/// The linear rule for programs: CPI = base + stall x misses an instruction. Through two measured
/// points it met the 9 others of 55 programs within 0.4 % on average (docs/models/cache.md).
[[nodiscard]] constexpr double cpi_with_misses(double cpi_without, double misses_per_instruction,
                                               double stall_cycles) {
  return cpi_without + misses_per_instruction * stall_cycles;
}

}  // namespace timeslice::models
