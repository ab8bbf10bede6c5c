// Reads `runtime` and the `runtimes` of machine files: which CPython, and what its parts cost.
#pragma once

#include <optional>
#include <string>

#include "models/python/runtime_spec.hpp"
#include "scenarios/format/fields.hpp"
#include "scenarios/format/machine_file.hpp"

namespace timeslice::scenarios {

/// Costs and speed of one Python, laid over `defaults`.
void read_runtime_costs(const Reading& reading, const Node& node, RuntimeDefaults& defaults);

/// A map of speed factors, laid over `speed`.
void read_speed(const Reading& reading, const Node& node, models::SpeedFactors& speed);

/// The scenario's `runtime` (null: all defaults) on `machine`: the machine's measured costs of that
/// Python, then what the scenario says. Factors are against the reference Python.
[[nodiscard]] models::RuntimeSpec read_runtime(const Reading& reading, const Node* node,
                                               const LoadedMachine& machine);

/// The version that `text` names; reports what is wrong with it at `node`.
[[nodiscard]] std::optional<models::PythonVersion> parse_version(const Reading& reading,
                                                                 const Node& node);

/// What the machine's `runtimes` calls a Python: "3.13t" for a free-threaded build, then "3.13".
[[nodiscard]] std::optional<std::string> runtime_name(const MachineFile& machine,
                                                      const models::PythonVersion& version,
                                                      bool gil);

/// The machine's entry for a Python, or null: "3.13t" for a free-threaded build, then "3.13".
[[nodiscard]] const RuntimeDefaults* find_runtime(const MachineFile& machine,
                                                  const models::PythonVersion& version, bool gil);

}  // namespace timeslice::scenarios
