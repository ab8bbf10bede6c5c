// The three providers, one a tier, for recording.cpp alone.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "sim/result.hpp"
#include "validation/native/recorder/recording.hpp"

namespace timeslice::validation {

using MadeProvider = sim::Result<std::unique_ptr<TimelineProvider>>;

[[nodiscard]] MadeProvider make_tracefs_provider(const std::vector<std::int32_t>& cpus);
[[nodiscard]] MadeProvider make_perf_provider(const std::vector<std::int32_t>& cpus);
[[nodiscard]] MadeProvider make_totals_provider();

}  // namespace timeslice::validation
