// One run of a sweep looked at closely: its Gantt chart, its items, its trace.
//
// The run is simulated once more by itself, which gives the same bytes: so a sweep need not keep
// the timelines of all its runs to show one.
#pragma once

#include <optional>

#include "scenarios/format/load.hpp"
#include "sim/result.hpp"
#include "tools/cli/arguments.hpp"
#include "tools/cli/console.hpp"
#include "tools/cli/exit_code.hpp"

namespace timeslice::tools {

/// Why --point and --rep name no run of this plan; nothing: they do.
[[nodiscard]] std::optional<sim::Error> no_such_picture(const scenarios::Plan& plan,
                                                        const Arguments& arguments);

/// Draws and writes what --gantt and --trace ask for: the run --rep of the point --point.
/// Requires: no_such_picture() found nothing.
[[nodiscard]] ExitCode picture_run(const scenarios::Plan& plan, const Arguments& arguments,
                                   Console& console);

}  // namespace timeslice::tools
