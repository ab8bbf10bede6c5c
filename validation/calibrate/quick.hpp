// A few costs of this host, and how they enter a scenario that has none of its own.
//
// For a machine without measured costs (a detected host) `validate` measures what is cheap: start
// of threads and processes, wake-up latency, sleep overshoot. CPU costs are medians at the pace of
// the undisturbed core, from which the speed index of a run scales them. Everything else keeps its
// default.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "models/world_spec.hpp"
#include "validation/calibrate/host_calibration.hpp"

namespace timeslice::validation {

struct QuickDuration {
  const char* name;
  sim::Duration QuickCosts::* cost;
};

/// All durations among them.
inline constexpr std::array<QuickDuration, 23> quick_durations{
    {{"sleep_overshoot", &QuickCosts::sleep_overshoot},
     {"wake", &QuickCosts::wake},
     {"wake_median", &QuickCosts::wake_median},
     {"thread_start", &QuickCosts::thread_start},
     {"fork", &QuickCosts::fork},
     {"fork_per_mib", &QuickCosts::fork_per_mib},
     {"process_start", &QuickCosts::process_start},
     {"fork_child", &QuickCosts::fork_child},
     {"child_exit", &QuickCosts::child_exit},
     {"spawn_parent", &QuickCosts::spawn_parent},
     {"spawn_child", &QuickCosts::spawn_child},
     {"spawn_exit", &QuickCosts::spawn_exit},
     {"forkserver_start", &QuickCosts::forkserver_start},
     {"forkserver_child", &QuickCosts::forkserver_child},
     {"resource_tracker", &QuickCosts::resource_tracker},
     {"pool_create", &QuickCosts::pool_create},
     {"pool_import", &QuickCosts::pool_import},
     {"loop_switch", &QuickCosts::loop_switch},
     {"idle_call", &QuickCosts::idle_call},
     {"idle_exit", &QuickCosts::idle_exit},
     {"timer_set", &QuickCosts::timer_set},
     {"page_fault", &QuickCosts::page_fault},
     {"pipe_copy", &QuickCosts::pipe_copy}}};

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
/// stay, unless `quick` is newer. What `quick` does not have (switch, migration, pipes, pickling
/// ...) stays at its default: the caller says so.
void apply_quick_costs(const QuickCosts& quick, models::WorldSpec& world);

/// One line a group of costs, for people.
[[nodiscard]] std::vector<std::string> describe(const QuickCosts& quick);

}  // namespace timeslice::validation
