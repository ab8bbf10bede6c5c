#include "sim/histogram.hpp"

#include <algorithm>

namespace timeslice::sim {

void Histogram::merge(const Histogram& other) {
  for (std::size_t i = 0; i < buckets; ++i) {
    counts_[i] += other.counts_[i];
  }
  count_ += other.count_;
  sum_ += other.sum_;
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
}

double Histogram::mean_ns() const {
  if (count_ == 0) {
    return 0.0;
  }
  const auto whole = static_cast<std::uint64_t>(sum_ / count_);
  const auto rest = static_cast<std::uint64_t>(sum_ % count_);
  return static_cast<double>(whole) + static_cast<double>(rest) / static_cast<double>(count_);
}

Duration Histogram::quantile(double p) const {
  expect(p >= 0.0 && p <= 1.0, "a quantile is asked for a share between 0 and 1");
  if (count_ == 0) {
    return Duration::zero();
  }
  // Nearest rank: ceil(p * count), at least 1.
  const double exact_rank = p * static_cast<double>(count_);
  auto rank = static_cast<std::uint64_t>(exact_rank);
  rank += static_cast<double>(rank) < exact_rank ? 1 : 0;
  rank = std::clamp<std::uint64_t>(rank, 1, count_);
  std::size_t bucket = 0;
  for (std::uint64_t seen = counts_[0]; seen < rank; seen += counts_[bucket]) {
    ++bucket;
  }
  const Duration middle{static_cast<std::int64_t>(middle_of(bucket))};
  return std::clamp(middle, min_, max_);
}

std::uint64_t Histogram::middle_of(std::size_t bucket) {
  if (bucket < 2 * per_octave) {
    return bucket;
  }
  const auto octave = static_cast<unsigned>(bucket / per_octave) - 1;
  const std::uint64_t start = (bucket - octave * per_octave) << octave;
  return start + (std::uint64_t{1} << octave) / 2;
}

}  // namespace timeslice::sim
