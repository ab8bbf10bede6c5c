// Scales durations from where they were measured to where a point runs.
#pragma once

#include <optional>

#include "models/python/runtime_spec.hpp"
#include "scenarios/format/fields.hpp"
#include "scenarios/format/files.hpp"

namespace timeslice::scenarios {

/// Where the durations of a scenario come from. Nothing known: they are taken as they are.
struct Origin {
  MachinePointer machine;  // null: not known
  std::optional<models::RuntimeSpec> runtime;
};

/// Sets the speed factors of `machine` and `runtime` relative to `origin`, and warns where nobody
/// measured one. Ideal machines take durations as they are.
void scale(const Origin& origin, const LoadedMachine& target, models::MachineSpec& machine,
           models::RuntimeSpec& runtime, std::vector<std::string>& warnings);

/// The clock that `work` steps run at: where durations are scaled between machines of known speed,
/// that of the machine they come from, so that both scale alike; else the target's own. 0: not
/// known. `machine`: the target before `scale`.
[[nodiscard]] models::Hertz clock_of_work(const Origin& origin, const LoadedMachine& target,
                                          const models::MachineSpec& machine);

}  // namespace timeslice::scenarios
