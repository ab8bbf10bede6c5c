// What a sweep is made of, apart from how it is spread over cores: numbered points that can be
// resolved and run. run_sweep(Plan) makes one of a plan; tests make their own.
//
// Every function is called from many threads at once and must not share state.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <variant>

#include "models/work/timings.hpp"
#include "scenarios/format/load.hpp"
#include "scenarios/runner.hpp"
#include "tools/batch/sweep.hpp"

namespace timeslice::tools {

struct SweepWork {
  std::uint64_t points = 0;
  /// The point, or its diagnostics as text.
  std::function<std::variant<scenarios::Point, std::string>(std::uint64_t ordinal)> resolve;
  std::function<models::Timings(const scenarios::Scenario&, std::uint64_t repetition,
                                const scenarios::RunOptions&)>
      run;
};

[[nodiscard]] SweepEnd run_sweep(const SweepWork& work, const SweepOptions& options,
                                 const std::function<void(PointOutcome&&)>& on_outcome);

}  // namespace timeslice::tools
