// From the samples of one Python's probes to its costs in a machine file.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "models/python/runtime_spec.hpp"
#include "validation/calibrate/finding.hpp"

namespace timeslice::validation {

/// What the costs of a Python are taken apart by: costs of the host, measured before.
struct RuntimeGround {
  models::OsCosts os;
  std::string name;  // "3.11", "3.13t": its key under `runtimes`
  std::string from;  // "CPython 3.11.2"
  std::string date;
};

/// The sizes that payload is measured at, in bytes.
inline constexpr std::array<std::int64_t, 4> payload_sizes{30'000, 100'000, 300'000, 1'000'000};

/// Costs of this Python. What has no samples is left out.
[[nodiscard]] Findings derive_runtime(const ProbeSamples& samples, const RuntimeGround& ground);

/// How much longer library code takes that has been away, as `cold_code` of the machine.
[[nodiscard]] Findings derive_cold_code(const ProbeSamples& samples, const RuntimeGround& ground);

/// Samples of what `calibrate.py quick` printed, by name ("process.until"). Errors: other text.
[[nodiscard]] sim::Result<ProbeSamples> quick_samples(const std::string& json);

}  // namespace timeslice::validation
