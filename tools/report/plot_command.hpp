// Runs tools/report/plots/plot.py, which draws one picture from a database with matplotlib.
//
// The script is started with an argument vector, never through a shell. Its own messages go to
// stderr. Looked for in TIMESLICE_PLOTS, ../share/timeslice/plots beside the program, the source
// tree that the program stands in, and the one it was built from.
#pragma once

#include <string>

#include "sim/result.hpp"

namespace timeslice::tools {

struct PlotRequest {
  std::string database;
  std::string kind;    // one of plot.py's KINDS
  std::string output;  // .png or .svg
  std::string csv;     // "": beside the output; "none": nowhere
  std::string batch;   // a number from `batches`; "": the newest that has what is needed
  std::string run;     // a number from v_run; "": the first that has what is needed
  std::string metric;  // "": makespan
  std::string python = "/usr/bin/python3";
};

/// The picture or its numbers could not be written; why is on stderr.
constexpr int plot_not_written = 74;

/// The script's exit code: the contract's 0, 2 (usage), 3 (database), 6 (no matplotlib), or
/// plot_not_written.
[[nodiscard]] sim::Result<int> run_plot(const PlotRequest& request);

}  // namespace timeslice::tools
