// Reads `measured` of a machine file: how its costs were measured, and which of them were not.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "scenarios/format/fields.hpp"
#include "scenarios/format/machine_file.hpp"

namespace timeslice::scenarios {

/// Entries of `node`, added to `file.measured`.
void read_measured(const Reading& reading, const Node& node, MachineFile& file);

/// Costs of the machine that no entry of `measured` stands behind: their names in machine files,
/// "switch". Those that are switched off (zero) do not count.
[[nodiscard]] std::vector<std::string> default_costs(const MachineFile& file);

/// The same for the Python that `runtimes` calls `name`: "submit", "executor.get".
[[nodiscard]] std::vector<std::string> default_runtime_costs(const MachineFile& file,
                                                             std::string_view name);

/// A machine that says how its costs were measured names those that are defaults all the same.
void warn_of_defaults(MachineFile& file);

}  // namespace timeslice::scenarios
