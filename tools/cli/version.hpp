// Which build of the program this is.
#pragma once

#include <string_view>

#include "tools/report/run_report.hpp"

namespace timeslice::tools {

/// Version, commit ("unknown" where the build did not say) and version of the models.
[[nodiscard]] ToolVersion tool_version();

/// SHA-256 of the sources that predictions come from (sim, models, scenarios with their machines),
/// and of those that measure and judge (validation): tools/cli/fingerprint.cmake writes them.
[[nodiscard]] std::string_view model_fingerprint();
[[nodiscard]] std::string_view method_fingerprint();

}  // namespace timeslice::tools
