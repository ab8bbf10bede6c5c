// The parts of the HTML report that are files of this folder, as the program carries them.
// Made by tools/CMakeLists.txt from page.html, report.css, *.js and vendor/.
#pragma once

#include <string_view>

namespace timeslice::tools {

[[nodiscard]] std::string_view report_page();     // with {{names}} to be filled in
[[nodiscard]] std::string_view report_style();    // our CSS and uPlot's
[[nodiscard]] std::string_view report_library();  // uPlot, minified
[[nodiscard]] std::string_view report_script();   // our scripts, one after the other

}  // namespace timeslice::tools
