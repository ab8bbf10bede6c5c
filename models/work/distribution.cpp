#include "models/work/distribution.hpp"

#include <algorithm>
#include <cmath>

#include "sim/expect.hpp"
#include "sim/math.hpp"

namespace timeslice::models {

namespace {

/// exp(mu + sigma z) with sigma^2 = ln(1 + cv^2), mu = ln(mean) - sigma^2 / 2: its mean is `mean`.
double lognormal(double mean, double cv, double normal) {
  if (mean <= 0.0) {
    return 0.0;
  }
  const double variance = sim::log(1.0 + cv * cv);
  return sim::exp(sim::log(mean) - variance / 2.0 + std::sqrt(variance) * normal);
}

/// Inverse of 1 - (scale / x)^a with scale = mean (a - 1) / a, so that the mean is `mean`.
double pareto(double mean, double a, double uniform) {
  sim::expect(a > 1.0, "a Pareto distribution with a mean has a tail index above 1");
  return mean * (a - 1.0) / a * sim::exp(-sim::log(1.0 - uniform) / a);
}

double draw_ns(const Distribution& distribution, const sim::Random& random,
               const sim::DrawKey& key) {
  const double first = distribution.first_ns;
  const double second = distribution.second;
  switch (distribution.kind) {
    case DistributionKind::constant:
      return first;
    case DistributionKind::exponential:
      return first * random.exponential(key);
    case DistributionKind::uniform:
      return first + (second - first) * random.uniform(key);
    case DistributionKind::normal:
      return first + second * random.normal(key);
    case DistributionKind::lognormal:
      return lognormal(first, second, random.normal(key));
    case DistributionKind::pareto:
      return pareto(first, second, random.uniform(key));
    case DistributionKind::empirical:
      sim::expect(!distribution.values_ns.empty(), "an empirical distribution has values");
      return distribution.values_ns[random.below(key, distribution.values_ns.size())];
  }
  return 0.0;
}

/// About 73 years: keeps a heavy tail inside the range of Duration.
constexpr double longest_ns = 2305843009213693952.0;

}  // namespace

Distribution constant(sim::Duration duration) {
  return {.kind = DistributionKind::constant,
          .first_ns = static_cast<double>(duration.count()),
          .second = 0.0,
          .values_ns = {}};
}

sim::Duration sample(const Distribution& distribution, const sim::Random& random,
                     const sim::DrawKey& key) {
  const double drawn = draw_ns(distribution, random, key);
  if (!(drawn > 0.0)) {
    return sim::Duration::zero();
  }
  const double cut = drawn < longest_ns ? drawn : longest_ns;
  return sim::Duration{static_cast<std::int64_t>(cut + 0.5)};
}

double least_ns(const Distribution& distribution) {
  switch (distribution.kind) {
    case DistributionKind::constant:
    case DistributionKind::uniform:
      return distribution.first_ns;
    case DistributionKind::pareto:
      return distribution.first_ns * (distribution.second - 1.0) / distribution.second;
    case DistributionKind::empirical:
      break;
    case DistributionKind::exponential:
    case DistributionKind::normal:
    case DistributionKind::lognormal:
      return 0.0;
  }
  return distribution.values_ns.empty() ? 0.0 : *std::ranges::min_element(distribution.values_ns);
}

double mean_ns(const Distribution& distribution) {
  switch (distribution.kind) {
    case DistributionKind::constant:
    case DistributionKind::exponential:
    case DistributionKind::normal:
    case DistributionKind::lognormal:
    case DistributionKind::pareto:
      return distribution.first_ns;
    case DistributionKind::uniform:
      return (distribution.first_ns + distribution.second) / 2.0;
    case DistributionKind::empirical:
      break;
  }
  double sum = 0.0;
  for (const double value : distribution.values_ns) {
    sum += value;
  }
  return distribution.values_ns.empty() ? 0.0
                                        : sum / static_cast<double>(distribution.values_ns.size());
}

}  // namespace timeslice::models
