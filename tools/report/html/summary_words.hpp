// A report's results as sentences for people who decide: what is fastest, what helps, how far the
// predictions can be trusted. Each sentence follows from numbers that the page also shows.
#pragma once

#include <string>
#include <vector>

#include "tools/report/html/report_data.hpp"

namespace timeslice::tools {

/// The first sentence is the headline.
[[nodiscard]] std::vector<std::string> summary_words(const ReportData& data);

}  // namespace timeslice::tools
