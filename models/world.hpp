// The simulated world: machine, operating system, runtime and work wired onto one engine.
//
// `simulate_world` is a pure function: same spec, seed and options, same bytes. Cost: see
// bench/; about 1e7 scheduler decisions a second.
#pragma once

#include <cstdint>
#include <vector>

#include "models/work/timings.hpp"
#include "models/world_spec.hpp"
#include "sim/engine.hpp"
#include "sim/result.hpp"
#include "sim/trace.hpp"

namespace timeslice::models {

struct WorldOptions {
  sim::Limits limits;
  bool keep_tasks = false;
  bool keep_slices = false;        // and samples
  sim::Duration sample_period{};   // 0: by the length of the run
  sim::TraceSink* sink = nullptr;  // not owned; nothing: only the digest
};

/// What is wrong with `spec` beyond what a reader of files can see: a step that the runtime cannot
/// run, an executor that cannot be reached, work without end. Empty: nothing.
[[nodiscard]] std::vector<sim::Error> check_world(const WorldSpec& spec);

/// Runs main until it ends (or cannot go on) and reports what happened.
/// Requires: a spec that passed `check_world`.
[[nodiscard]] Timings simulate_world(const WorldSpec& spec, std::uint64_t run_seed,
                                     const WorldOptions& options);

}  // namespace timeslice::models
