// Whether a machine file was calibrated on the very host that this program runs on.
//
// `validate` measures again there what drifts (validation/references.hpp): a file holds the costs
// of its day. A file of another machine, or of an older kernel, is taken as it stands.
#pragma once

#include <string>

#include "models/machine/machine_spec.hpp"
#include "scenarios/format/machine_file.hpp"

namespace timeslice::validation {

/// Same processor, as many CPUs, and calibrated under the kernel that runs now (its release).
[[nodiscard]] bool is_same_host(const scenarios::MachineFile& file,
                                const models::MachineSpec& detected, const std::string& kernel);

/// The same against this host.
[[nodiscard]] bool is_this_host(const scenarios::MachineFile& file);

}  // namespace timeslice::validation
