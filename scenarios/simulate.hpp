// Scenario and repetition in, Timings out: the simulated runner. A pure function.
#pragma once

#include <cstdint>

#include "scenarios/runner.hpp"

namespace timeslice::scenarios {

/// Version of the models: results of different versions are never mixed silently.
constexpr int model_version = 1;

/// The run seed of a repetition; the same for every point of a sweep, so that points are paired.
[[nodiscard]] std::uint64_t run_seed(const Scenario& scenario, std::uint64_t repetition);

[[nodiscard]] models::Timings simulate(const Scenario& scenario, std::uint64_t repetition,
                                       const RunOptions& options);

class SimulatedRunner final : public Runner {
 public:
  [[nodiscard]] models::Timings run(const Scenario& scenario, std::uint64_t repetition,
                                    const RunOptions& options) override;
};

}  // namespace timeslice::scenarios
