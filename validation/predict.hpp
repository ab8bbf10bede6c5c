// The scenario as it was really measured: what the simulation must be given to predict a native
// run.
#pragma once

#include <cstdint>
#include <string>

#include "scenarios/format/scenario.hpp"
#include "validation/calibrate/host_calibration.hpp"
#include "validation/native/native_run.hpp"

namespace timeslice::validation {

/// `scenario` with the costs `quick` of this host where it has none, the harness's own cost per
/// kernel call as a term, io as the sleep that stands for it natively, and speed factors of 1: a
/// nominal nanosecond is one of this host's undisturbed core. `part`: what the runners cut steps
/// into.
[[nodiscard]] scenarios::Scenario as_measured(const scenarios::Scenario& scenario,
                                              const HostCalibration& calibration,
                                              const QuickCosts& quick,
                                              sim::Duration part = fine_part);

/// The class of scenario that its error counts to: gil-threads, native-threads, mixed-threads,
/// pool-fork, pool-spawn, process-per-task, payload, c++ or serial.
[[nodiscard]] std::string group_of(const models::WorldSpec& world);

}  // namespace timeslice::validation
