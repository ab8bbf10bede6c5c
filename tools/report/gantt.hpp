// A run as a picture of text over time: who ran on each CPU, how the CPU was busy (alone on its
// core, beside a busy sibling, time-shared), and what each thread did.
//
// A cell stands for makespan / width and shows the state that took most of it, so that events
// shorter than a cell may not show. Cost: one pass over the slices plus rows x columns.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "models/work/timings.hpp"
#include "sim/time.hpp"

namespace timeslice::tools {

struct GanttStyle {
  std::size_t width = 100;    // columns of the terminal
  bool unicode = true;        // false: only ASCII
  bool colour = false;        // ANSI colours on top of the symbols, never instead of them
  std::size_t rows_max = 48;  // CPUs, and threads, shown at most
};

/// The picture with time axis and legend. Requires: runs kept with keep_slices.
[[nodiscard]] std::string gantt(const models::Timings& run, const GanttStyle& style);

/// Which worker ran which item, and when: a table, at most `rows_max` items.
[[nodiscard]] std::string item_table(std::span<const models::TaskTiming> tasks,
                                     std::size_t rows_max);

}  // namespace timeslice::tools
