// Words and buckets that the database stores for values of the models, and which metrics it always
// stores.
#pragma once

#include <cstdint>
#include <string_view>

#include "models/work/timings.hpp"

namespace timeslice::tools {

[[nodiscard]] std::string_view status_name(models::RunStatus status);
[[nodiscard]] std::string_view state_name(models::SliceState state);
/// As in the metrics state_*: parallel, smt, timeshared.
[[nodiscard]] std::string_view state_name(models::CpuState state);

/// Whether it is of one thread, process, core or CPU: there may be hundreds of these.
[[nodiscard]] bool is_of_a_thread(const models::Metric& metric);

/// [low, high) in ns.
struct Bucket {
  std::int64_t low = 0;
  std::int64_t high = 0;
};

/// Eight buckets an octave, so that a bucket is at most 12.5 % wide; exact below 16 ns.
[[nodiscard]] Bucket bucket_of(std::int64_t nanoseconds);

}  // namespace timeslice::tools
