// Which build of the program this is.
#pragma once

#include "tools/report/run_report.hpp"

namespace timeslice::tools {

/// Version, commit ("unknown" where the build did not say) and version of the models.
[[nodiscard]] ToolVersion tool_version();

}  // namespace timeslice::tools
