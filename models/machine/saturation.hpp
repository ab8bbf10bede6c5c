// A resource that saturates softly: a core's execution ports, a memory node, a link.
//
// Users with demands d_1..d_n on a capacity B get X = D / (1 + (D/B)^4)^(1/4) in all, D = sum of d:
// the p-norm of "all that is asked" and "all there is", with p = 4. A user that gets the rate b
// when alone has the demand d = b / (1 - (b/B)^4)^(1/4), so that the formula returns b for it.
// n equal users: X = n b / (1 + (n^4 - 1)(b/B)^4)^(1/4). All users are slowed by the same factor.
// p = 4 was fitted on measured bandwidth curves of 16 machine configurations and checked with each
// machine left out (docs/models/bandwidth.md). Cost: O(1), two square roots, so the same
// everywhere.
#pragma once

#include <cstdint>

namespace timeslice::models {

/// A lone user is never taken to draw more than this part of the capacity: beyond, the demand that
/// would explain it grows without bound.
inline constexpr double most_of_capacity = 0.97;  // guess; 0.97 asks for 1.7 times the capacity

/// What a user that alone gets `rate` must ask for. Requires: rate >= 0, capacity > 0.
[[nodiscard]] double demand_of(double rate, double capacity);

/// What all users get together. Requires: demand >= 0, capacity > 0.
[[nodiscard]] double delivered(double demand, double capacity);

/// What `users` equal ones get together, each `rate` when alone.
[[nodiscard]] double delivered_to_equals(double users, double rate, double capacity);

/// The users of one resource, as two sums: joining and leaving are O(1).
class SaturatingResource {
 public:
  SaturatingResource() = default;
  /// Requires: capacity > 0, or 0 for a resource that never saturates.
  explicit SaturatingResource(double capacity) : capacity_{capacity} {}

  void join(double rate);
  /// Requires: a user of that rate had joined.
  void leave(double rate);

  /// How many times slower than alone each user is; 1 for one user and for none.
  [[nodiscard]] double slowdown() const;
  /// Part of the capacity in use, 0..1.
  [[nodiscard]] double load() const;

 private:
  double capacity_ = 0.0;
  double rates_ = 0.0;    // sum of what each gets when alone
  double demands_ = 0.0;  // sum of what each asks for
  std::uint64_t users_ = 0;
};

}  // namespace timeslice::models
