// A few costs of this host, and how they enter a scenario that has none of its own.
//
// For a machine without measured costs (a detected host) `validate` measures what is cheap: start
// of threads and processes, wake-up latency, sleep overshoot. CPU costs are medians at the pace of
// the undisturbed core, from which the speed index of a run scales them. Everything else keeps its
// default.
#pragma once

#include <string>
#include <vector>

#include "models/world_spec.hpp"
#include "validation/calibrate/host_calibration.hpp"

namespace timeslice::validation {

/// Condenses what `calibrate.py quick` printed; `pace_ns`: HostCalibration's. Throws
/// nlohmann::json::exception on other text.
[[nodiscard]] QuickCosts read_quick_costs(const std::string& text, double pace_ns);

/// `first` with what `calibrate.py reference` printed in its place; starts of helpers, which that
/// does not measure, in proportion to its spawned child. Throws as above.
[[nodiscard]] QuickCosts read_again(const std::string& text, double pace_ns,
                                    const QuickCosts& first);

/// Costs half-way between two measurements.
[[nodiscard]] QuickCosts between(const QuickCosts& before, const QuickCosts& after);

/// Lays `quick` over costs in `world` that nobody measured and marks them known; measured ones
/// stay. What `quick` does not have (switch, migration, pipes, pickling ...) stays at its default:
/// the caller says so.
void apply_quick_costs(const QuickCosts& quick, models::WorldSpec& world);

/// One line a group of costs, for people.
[[nodiscard]] std::vector<std::string> describe(const QuickCosts& quick);

}  // namespace timeslice::validation
