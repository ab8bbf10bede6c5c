// The cost waterfall of a point as bars: each begins where the one above it ended.
#pragma once

#include <string>

#include "tools/report/run_report.hpp"

namespace timeslice::tools {

/// One line a part and one for the makespan; empty where the point has no costs.
[[nodiscard]] std::string cost_bars(const PointReport& point);

}  // namespace timeslice::tools
