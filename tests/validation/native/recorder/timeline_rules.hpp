// What must hold for any timeline, as one oracle for tests.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "models/work/timings.hpp"

namespace timeslice::validation {

/// The first rule that slices break, or "": no two on one CPU at once, none of one thread overlap
/// or leave a gap between them, none is empty.
inline std::string broken_rule(std::vector<models::SliceTiming> slices) {
  std::ranges::sort(slices, {}, &models::SliceTiming::start);
  std::map<std::int32_t, sim::Instant> cpu_busy_until;
  std::map<std::string, sim::Instant> thread_until;
  for (const models::SliceTiming& slice : slices) {
    if (slice.end <= slice.start) {
      return "a slice is empty";
    }
    if (slice.cpu >= 0 && slice.start < std::exchange(cpu_busy_until[slice.cpu], slice.end)) {
      return "two threads on one CPU";
    }
    if (slice.thread == "other programs" || slice.thread == "process thread") {
      continue;  // several share the name
    }
    const auto known = thread_until.find(slice.thread);
    if (known != thread_until.end() && known->second != slice.start) {
      return "a hole or an overlap in " + slice.thread;
    }
    thread_until[slice.thread] = slice.end;
  }
  return "";
}

}  // namespace timeslice::validation
