#include "validation/native_side.hpp"

#include <cmath>

#include "validation/speed_index.hpp"
#include "validation/statistics.hpp"

namespace timeslice::validation {

bool is_tight(const Trials& trials, double until) {
  constexpr std::size_t least = 5;        // below, a spread is a guess
  constexpr double of_a_median = 1.2533;  // its standard error, in those of a mean: sqrt(pi / 2)
  constexpr double two_sided = 1.96;
  if (until <= 0.0 || trials.accepted.size() < least) {
    return false;
  }
  std::vector<double> lengths;
  for (const AcceptedTrial& trial : trials.accepted) {
    lengths.push_back(sim::as_ns(trial.run.timings.makespan) / mean_slowness(trial.run.samples));
  }
  const double runs = static_cast<double>(lengths.size());
  return two_sided * of_a_median * coefficient_of_variation(lengths) / std::sqrt(runs) <= until;
}

}  // namespace timeslice::validation
