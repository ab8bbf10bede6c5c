// A machine as its file describes it: hardware, and the defaults it brings for OS and Pythons.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "models/machine/machine_spec.hpp"
#include "models/os/os_spec.hpp"
#include "models/python/runtime_spec.hpp"
#include "sim/time.hpp"

namespace timeslice::scenarios {

/// Measured costs and speed of one Python on one machine.
struct RuntimeDefaults {
  models::PythonCosts costs;
  models::PythonMemory memory_parts;
  models::SpeedFactors factor;  // against CPython 3.11 on the same machine
  bool factor_known = false;    // nobody measured it
};

/// How a cost was measured: what `calibrate` writes beside it, for people and for the next time.
struct MeasuredCost {
  std::uint64_t samples = 0;   // accepted
  std::uint64_t rejected = 0;  // disturbed ones, which do not count
  sim::Duration p20{};
  sim::Duration p50{};
  sim::Duration p90{};
  std::string date;  // 2026-11-22
  std::string from;  // which program or probe
};

struct MachineFile {
  models::MachineSpec machine;
  std::optional<models::OsSpec> os;                 // nothing: the default preset
  std::map<std::string, RuntimeDefaults> runtimes;  // by version, "3.11"
  /// By cost, "costs.switch" or "runtimes.3.11.submit"; empty: nobody says how they were measured.
  std::map<std::string, MeasuredCost> measured;
};

}  // namespace timeslice::scenarios
