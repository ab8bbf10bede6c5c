// Predicts accepted native runs: each with its own draws, speed index and costs.
//
// Beside that stand what its calibration alone foretells, a null model, and, when asked for, the
// same run in worlds that lack one effect. Cost: a few simulations a run.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "scenarios/runner.hpp"
#include "sim/trace.hpp"
#include "validation/ablation.hpp"
#include "validation/calibrate/host_calibration.hpp"
#include "validation/compare.hpp"
#include "validation/native/native_run.hpp"
#include "validation/validate.hpp"

namespace timeslice::validation {

/// One accepted run, with the costs of the host beside it; `sink` hears its simulation, if there is
/// one.
struct AcceptedRun {
  std::uint64_t repetition = 0;
  const QuickCosts& costs;
  const NativeRun& run;
  sim::TraceSink* sink = nullptr;
};

class Predictor {
 public:
  /// Refers to all three.
  Predictor(const HostCalibration& calibration, scenarios::Runner& simulated,
            const ValidateOptions& options)
      : calibration_{calibration}, simulated_{simulated}, options_{options} {}

  /// The run beside its predictions. A simulation that failed has its status.
  [[nodiscard]] PairedRun predict(const scenarios::Scenario& scenario,
                                  const AcceptedRun& accepted) const;

  /// The run of `pair` predicted again, each time in a world that lacks one effect.
  [[nodiscard]] AblatedRun without_effects(const scenarios::Scenario& scenario,
                                           const AcceptedRun& accepted, const PairedRun& pair);

  /// Those effects, in the order of their predictions; empty before the first.
  [[nodiscard]] const std::vector<std::string_view>& effects() const { return effects_; }

 private:
  [[nodiscard]] models::Timings raw(const scenarios::Scenario& scenario,
                                    const AcceptedRun& accepted) const;
  [[nodiscard]] scenarios::RunOptions usual_run_options() const;
  [[nodiscard]] scenarios::RunOptions paired_run_options(sim::TraceSink* sink) const;

  const HostCalibration& calibration_;
  scenarios::Runner& simulated_;
  const ValidateOptions& options_;
  std::vector<std::string_view> effects_;
};

}  // namespace timeslice::validation
