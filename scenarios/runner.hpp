// Something that can run a scenario: simulated (scenarios/simulate.hpp) or native (validation/).
#pragma once

#include <cstdint>
#include <functional>

#include "models/work/timings.hpp"
#include "scenarios/format/scenario.hpp"
#include "sim/engine.hpp"
#include "sim/trace.hpp"

namespace timeslice::scenarios {

struct RunOptions {
  bool keep_tasks = false;
  bool keep_slices = false;        // and samples
  sim::Duration sample_period{};   // 0: by the length of the run
  bool costs = false;              // simulated runs only: adds the cost waterfall
  sim::TraceSink* sink = nullptr;  // simulated runs only; not owned
  std::function<bool()> give_up;   // polled now and then: wall limit, Ctrl-C
};

class Runner {
 public:
  Runner() = default;
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;
  virtual ~Runner() = default;

  /// Runs repetition `repetition` of `scenario`. What went wrong is in the status.
  [[nodiscard]] virtual models::Timings run(const Scenario& scenario, std::uint64_t repetition,
                                            const RunOptions& options) = 0;
};

}  // namespace timeslice::scenarios
