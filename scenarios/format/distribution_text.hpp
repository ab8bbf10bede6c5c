// Distributions as scenario files write them: `5ms`, `lognormal(40ms, cv=0.6)`, `empirical(f.csv)`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "models/work/distribution.hpp"
#include "scenarios/format/number.hpp"

namespace timeslice::scenarios {

struct DistributionText {
  models::Distribution distribution;
  std::string file;  // empirical: where the values stand; they are read by the caller
};

[[nodiscard]] Parsed<DistributionText> parse_distribution(std::string_view text);

/// The values of an `empirical` file [ns]: one duration a line (`5ms`), or bare numbers below a
/// first line that names their unit (`us`). Empty lines and lines from `#` are skipped.
[[nodiscard]] Parsed<std::vector<double>> parse_samples(std::string_view text);

}  // namespace timeslice::scenarios
