// `timeslice calibrate`: this host, and each Python that is named, into a machine file.
//
// Keeps what an existing file says, adds what it lacks. Measures single operations and kernels,
// never a scenario. Costs wall time: `budget` is aimed at; 90 s (or a larger budget) is the end.
// Call it from a thread that lives until it returns, as validate().
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "scenarios/format/machine_file.hpp"
#include "sim/result.hpp"
#include "sim/time.hpp"

namespace timeslice::validation {

struct CalibrateOptions {
  std::vector<std::string> pythons;  // executables, by path
  sim::Duration budget = std::chrono::seconds{90};
  bool refresh = false;  // measure again what the file has
  std::string date;      // today, 2026-11-22
  /// The file that is added to: its text and what it holds. Nothing: a new one.
  std::string existing_text;
  std::optional<scenarios::MachineFile> existing;
  std::function<void(std::uint64_t done_ms, std::uint64_t total_ms)> progress;
  std::function<bool()> give_up;
};

struct CalibratedMachine {
  std::string yaml;
  std::vector<std::string> notes;     // what was measured, or kept
  std::vector<std::string> warnings;  // what was not measured, or only under noise
  bool interrupted = false;           // give_up said so: `yaml` has what was measured until then
};

/// Errors: a host that cannot be described, a file of another machine, a Python that does not run.
[[nodiscard]] sim::Result<CalibratedMachine> calibrate_machine(const CalibrateOptions& options);

}  // namespace timeslice::validation
