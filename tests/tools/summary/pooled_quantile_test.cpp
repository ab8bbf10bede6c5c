#include "tools/report/pooled_quantile.hpp"

#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace timeslice::tools {
namespace {

std::vector<std::vector<std::int64_t>> replications(std::size_t count) {
  std::mt19937_64 draw{7};
  std::vector<std::vector<std::int64_t>> runs(count);
  for (auto& run : runs) {
    for (int i = 0; i < 10; ++i) {
      run.push_back(static_cast<std::int64_t>(draw() % 1'000'000));
    }
  }
  return runs;
}

TEST(PooledQuantiles, the_interval_narrows_with_the_root_of_the_replications_also_in_batches) {
  const QuantileInterval few = PooledQuantiles{replications(60)}.at(0.5);
  const QuantileInterval many = PooledQuantiles{replications(6000)}.at(0.5);
  EXPECT_LT(*many.low, 500'000 + 5'000);
  EXPECT_GT(*many.high, 500'000 - 5'000);
  const double ratio =
      static_cast<double>(*few.high - *few.low) / static_cast<double>(*many.high - *many.low);
  EXPECT_GT(ratio, 6.0) << "ten is expected of a hundred times as many";
  EXPECT_LT(ratio, 16.0);
}

TEST(PooledQuantiles, the_value_itself_is_taken_over_all_values) {
  std::vector<std::vector<std::int64_t>> runs;
  for (std::int64_t value = 1; value <= 1000; ++value) {
    runs.push_back({value});
  }
  EXPECT_EQ(PooledQuantiles{runs}.at(0.25).value, 250);
}

}  // namespace
}  // namespace timeslice::tools
