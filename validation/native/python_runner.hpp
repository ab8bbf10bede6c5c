// Runs scenarios on a real CPython: its own threads, executors and pools.
//
// Each run is a fresh interpreter in a process group of its own (validation/native/child.hpp) that
// executes validation/python/harness.py over a plan of numbers. Cost: the run, an interpreter's
// start, and about 20 ms.
#pragma once

#include <memory>
#include <string>

#include "validation/calibrate/host_calibration.hpp"
#include "validation/native/child.hpp"
#include "validation/native/native_run.hpp"
#include "validation/native/script_folder.hpp"

namespace timeslice::validation {

class PythonRunner final : public NativeRunner {
 public:
  /// `calibration` has Python's kernels. A run's wall limit follows from its nominal length.
  PythonRunner(std::shared_ptr<const HostCalibration> calibration, ScriptFolder folder,
               ChildLimits limits, RunStyle style = {});

  [[nodiscard]] NativeRun measure(const scenarios::Scenario& scenario, std::uint64_t repetition,
                                  const scenarios::RunOptions& options) override;

  /// With the scripts; gone when the runner is.
  [[nodiscard]] const ScriptFolder& folder() const { return folder_; }

 private:
  std::shared_ptr<const HostCalibration> calibration_;
  ScriptFolder folder_;
  ChildLimits limits_;
  RunStyle style_;
};

struct NativeProgram;

/// The plan that the harness reads, as JSON in ASCII; numbers and a closed list of words, no name
/// of the scenario. Exposed for tests.
[[nodiscard]] std::string harness_plan(const models::WorldSpec& world, const NativeProgram& program,
                                       const HostCalibration& calibration, RunStyle style = {});

/// Long enough for a run of this nominal length on a slow, busy machine; a hung one still ends.
[[nodiscard]] sim::Duration wall_limit(double nominal_ns);

/// Status and error of a run whose program did not end as it should.
void note_failure(const ChildOutcome& outcome, models::Timings& timings);

}  // namespace timeslice::validation
