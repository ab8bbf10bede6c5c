// A quantile of the durations of all replications together, with a bootstrap interval.
//
// The quantile is by nearest rank: the smallest value that at least the share `q` of all values
// does not exceed. The interval resamples whole replications (values within one are not
// independent), 400 times with a fixed seed, and takes the 2.5 and 97.5 % ranks. More than 64
// replications are first joined into 64 batches, which are resampled in their place.
// Source: Davison & Hinkley, Bootstrap Methods and their Application, 3.8 (cluster resampling);
// below about 10 replications such an interval is too narrow.
// Cost: one sort; then 400 x min(runs, 64) x log2(values)^2 comparisons.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace timeslice::tools {

struct QuantileInterval {
  std::int64_t value = 0;
  std::optional<std::int64_t> low;  // nothing where there is one replication
  std::optional<std::int64_t> high;
};

class PooledQuantiles {
 public:
  /// The values of each replication, in any order. Requires: not all empty.
  explicit PooledQuantiles(std::vector<std::vector<std::int64_t>> runs);

  /// Requires: 0 < q <= 1.
  [[nodiscard]] QuantileInterval at(double q) const;

 private:
  [[nodiscard]] std::int64_t weighted(double q, std::span<const std::uint64_t> weights) const;

  std::vector<std::vector<std::int64_t>> runs_;  // or batches of them; each sorted
  std::vector<std::int64_t> pooled_;             // sorted
};

}  // namespace timeslice::tools
