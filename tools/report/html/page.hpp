// The HTML report: one page with everything in it, which needs no network and allows none.
//
// Its content security policy names the page's own scripts and styles by their SHA-256 and forbids
// all else. Texts from the database are data, in JSON or escaped, never markup. Equal data gives
// equal bytes.
#pragma once

#include <string>

#include "tools/report/html/report_data.hpp"

namespace timeslice::tools {

[[nodiscard]] std::string report_html(const ReportData& data);

}  // namespace timeslice::tools
