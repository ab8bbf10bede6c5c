#include "tools/report/pooled_quantile.hpp"

#include <algorithm>
#include <cmath>
#include <random>
#include <utility>

#include "sim/expect.hpp"

namespace timeslice::tools {
namespace {

constexpr std::size_t quantile_resamples = 400;
constexpr std::size_t batches_max = 64;
constexpr std::uint64_t quantile_seed = 0x54534C43;  // any fixed number: same data, same interval

/// Whole replications together, so that resampling costs the same however many there are.
void join_into_batches(std::vector<std::vector<std::int64_t>>& runs) {
  for (std::size_t run = batches_max; run < runs.size(); ++run) {
    auto& batch = runs[run % batches_max];
    batch.insert(batch.end(), runs[run].begin(), runs[run].end());
  }
  runs.resize(std::min(runs.size(), batches_max));
}

}  // namespace

PooledQuantiles::PooledQuantiles(std::vector<std::vector<std::int64_t>> runs)
    : runs_{std::move(runs)} {
  std::erase_if(runs_, [](const auto& run) { return run.empty(); });
  join_into_batches(runs_);
  for (auto& run : runs_) {
    std::ranges::sort(run);
    pooled_.insert(pooled_.end(), run.begin(), run.end());
  }
  sim::expect(!pooled_.empty(), "a quantile needs a value");
  std::ranges::sort(pooled_);
}

/// The quantile of a sample that holds run r `weights[r]` times, by bisection over its values.
std::int64_t PooledQuantiles::weighted(double q, std::span<const std::uint64_t> weights) const {
  std::uint64_t total = 0;
  for (std::size_t r = 0; r < runs_.size(); ++r) {
    total += weights[r] * runs_[r].size();
  }
  const auto rank = static_cast<std::uint64_t>(std::ceil(q * static_cast<double>(total)));
  const auto reaches_rank = [&](std::int64_t value) {
    std::uint64_t below = 0;
    for (std::size_t r = 0; r < runs_.size(); ++r) {
      const auto end = std::ranges::upper_bound(runs_[r], value);
      below += weights[r] * static_cast<std::uint64_t>(end - runs_[r].begin());
    }
    return below >= rank;
  };
  const auto found = std::partition_point(pooled_.begin(), pooled_.end(),
                                          [&](std::int64_t value) { return !reaches_rank(value); });
  return found == pooled_.end() ? pooled_.back() : *found;
}

QuantileInterval PooledQuantiles::at(double q) const {
  sim::expect(q > 0.0 && q <= 1.0, "a quantile lies between 0 and 1");
  std::vector<std::uint64_t> weights(runs_.size(), 1);
  QuantileInterval result{.value = weighted(q, weights), .low = {}, .high = {}};
  if (runs_.size() == 1) {
    return result;
  }
  std::mt19937_64 draw{quantile_seed};
  std::vector<std::int64_t> values;
  values.reserve(quantile_resamples);
  for (std::size_t i = 0; i < quantile_resamples; ++i) {
    std::ranges::fill(weights, 0);
    for (std::size_t r = 0; r < runs_.size(); ++r) {
      ++weights[draw() % runs_.size()];
    }
    values.push_back(weighted(q, weights));
  }
  std::ranges::sort(values);
  result.low = values[9];     // 2.5 % of 400
  result.high = values[389];  // 97.5 %
  return result;
}

}  // namespace timeslice::tools
