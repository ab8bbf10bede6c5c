// A point of a file under scenarios/validation, as tests simulate it.
#pragma once

#include <string>

#include "tests/scenarios/format/loading.hpp"

namespace timeslice::scenarios {

inline Scenario validation_scenario(const std::string& name, std::uint64_t ordinal = 0,
                                    const Overrides& overrides = {}) {
  const std::string folder = std::string{TIMESLICE_SOURCE_DIR} + "/scenarios/validation/";
  const Loaded loaded = load_file(folder + name + ".yaml", overrides, test_machines());
  if (const auto* found = std::get_if<Diagnostics>(&loaded)) {
    ADD_FAILURE() << to_text(*found);
    return {};
  }
  return point(std::get<Plan>(loaded), ordinal).scenario;
}

}  // namespace timeslice::scenarios
