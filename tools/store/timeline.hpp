// Reads what `--keep tasks,timeline` stored of a run.
#pragma once

#include <string>
#include <variant>

#include "models/work/timings.hpp"
#include "tools/store/store_error.hpp"

namespace timeslice::tools {

/// Only tasks, slices, wakes and GIL holds are filled. `run` is a number of v_run or
/// a key. A run of which nothing was kept is an error. Cost: about 1 us a row.
[[nodiscard]] std::variant<models::Timings, StoreError> read_timeline(const std::string& path,
                                                                      const std::string& run);

}  // namespace timeslice::tools
