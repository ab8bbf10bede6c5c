// The validation itself, over any runners: real ones in `validate`, scripted ones in tests.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "scenarios/runner.hpp"
#include "validation/native/native_run.hpp"
#include "validation/validate.hpp"

namespace timeslice::validation {

/// What a session works with. Runners are not owned; one that no point needs may be missing.
struct Lab {
  std::shared_ptr<const HostCalibration> calibration;
  NativeRunner* python = nullptr;
  NativeRunner* cpp = nullptr;
  scenarios::Runner* simulated = nullptr;
};

/// Runs and compares. Requires: every point can run natively.
[[nodiscard]] Validation run_session(std::vector<scenarios::Point> points,
                                     const ValidateOptions& options, const Lab& lab);

/// Why a run does not count; nothing: it does.
[[nodiscard]] std::optional<std::string> rejection_reason(const NativeRun& run,
                                                          const RejectionLimits& limits);

}  // namespace timeslice::validation
