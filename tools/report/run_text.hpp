// The human answer of `run`: what was asked, a row a point, where the time went, verdicts, doubts.
#pragma once

#include <string>

#include "tools/report/run_report.hpp"

namespace timeslice::tools {

struct RunTextStyle {
  bool colour = false;
  bool details = false;  // -v: every metric of every point
};

[[nodiscard]] std::string run_text(const RunReport& report, const RunTextStyle& style);

/// Warnings of all points, each once, with how many points it concerns; one a line.
[[nodiscard]] std::string warning_lines(const RunReport& report);

/// Runs that did not end well: who waits for what; one paragraph a run, at most a few.
[[nodiscard]] std::string failure_lines(const RunReport& report);

}  // namespace timeslice::tools
