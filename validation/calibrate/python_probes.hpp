// Runs the probes of one Python in children of their own, within limits, and reads their answers.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "models/python/runtime_spec.hpp"
#include "sim/result.hpp"
#include "validation/calibrate/probe_samples.hpp"
#include "validation/native/script_folder.hpp"

namespace timeslice::validation {

struct PythonIdentity {
  models::PythonVersion version;
  bool free_threaded = false;

  [[nodiscard]] std::string line() const;  // "3.11", "3.13t"
  [[nodiscard]] std::string full() const;  // "3.11.2", "3.13.0t"
};

/// Asks `executable` who it is. Errors: it does not start, or is no CPython from 3.8 on.
[[nodiscard]] sim::Result<PythonIdentity> identify_python(const std::string& executable,
                                                          const std::function<bool()>& give_up);

struct PythonProbeOptions {
  std::string executable;
  sim::Duration time{};                   // aimed at, for all probes together
  std::function<sim::Duration()> left{};  // until the end, when children are killed
  std::function<bool()> give_up{};
};

/// All samples: quick ones, parts, payload, and the kernels' CPU times of 1000 iterations as
/// "kernel.NAME.CPU". A probe that fails is named in `missing`.
[[nodiscard]] ProbeSamples probe_python(const PythonProbeOptions& options,
                                        const ScriptFolder& folder);

}  // namespace timeslice::validation
