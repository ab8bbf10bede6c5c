// A machine as its file describes it: hardware, and the defaults it brings for OS and Pythons.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "models/machine/machine_spec.hpp"
#include "models/os/os_spec.hpp"
#include "models/python/runtime_spec.hpp"

namespace timeslice::scenarios {

/// Measured costs and speed of one Python on one machine.
struct RuntimeDefaults {
  models::PythonCosts costs;
  models::PythonMemory memory_parts;
  models::SpeedFactors factor;  // against CPython 3.11 on the same machine
  bool factor_known = false;    // nobody measured it
};

struct MachineFile {
  models::MachineSpec machine;
  std::optional<models::OsSpec> os;                 // nothing: the default preset
  std::map<std::string, RuntimeDefaults> runtimes;  // by version, "3.11"
};

}  // namespace timeslice::scenarios
