// What a thread pays for coming to caches that do not hold its data.
//
// Lines that its old core kept in its own caches are fetched from there; with another last-level
// cache (LLC) those beyond come from memory. Paid once, as extra time, at the switch:
// debt = lines(own caches) x [clean x 5 ns + written x 15 ns] + lines(LLC, if another) x L_mem,
// over 1 for a chase, 4 for random and 40 for a stream, whose fetches overlap.
// Measured on the reference guest after a move, ns a line: chase clean 2-9, written 8-21 (once 71),
// sequential 0.1-0.3. Expect a factor of 2 to 3 (docs/models/warm-up.md). Cost: O(1).
#pragma once

#include <algorithm>

#include "models/work/character_spec.hpp"

namespace timeslice::models {

inline constexpr double clean_line_ns = 5.0;
inline constexpr double written_line_ns = 15.0;

struct ColdMove {
  Pattern pattern = Pattern::stream;
  double set = 0.0;      // what the thread walks over [B]
  double written = 0.0;  // part of it
  double own = 0.0;      // a core's own caches [B]
  double shared = 0.0;   // the LLC's usable size [B]
  double memory_ns = 0.0;
  bool other_llc = false;
};

[[nodiscard]] constexpr double overlap_of(Pattern pattern) {
  switch (pattern) {
    case Pattern::chase:
      return 1.0;
    case Pattern::stream:
      return 40.0;
    default:
      return 4.0;
  }
}

[[nodiscard]] constexpr double warm_up_ns(const ColdMove& move) {
  constexpr double line = 64.0;
  const double near = std::min(move.set, move.own) / line;
  const double per_line = (1.0 - move.written) * clean_line_ns + move.written * written_line_ns;
  const double far = move.other_llc ? std::min(move.set, move.shared) / line : 0.0;
  return (near * per_line + far * move.memory_ns) / overlap_of(move.pattern);
}

}  // namespace timeslice::models
