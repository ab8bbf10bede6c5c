// The parts of a record as JSON values, and back; every number is looked at on its way in.
//
// What reads throws nlohmann::json::exception or BrokenRecord on anything else.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

#include <nlohmann/json.hpp>

#include "validation/native_side.hpp"

namespace timeslice::validation {

class BrokenRecord : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

[[nodiscard]] nlohmann::json json_of(const HostCalibration& calibration);
[[nodiscard]] HostCalibration calibration_from(const nlohmann::json& value);

[[nodiscard]] nlohmann::json json_of(const QuickCosts& costs);
[[nodiscard]] QuickCosts quick_costs_from(const nlohmann::json& value);

[[nodiscard]] nlohmann::json json_of(const Trials& trials);
/// `references`: how many measurements of the host's costs there are.
[[nodiscard]] Trials trials_from(const nlohmann::json& value, std::size_t references);

/// A whole number from `least` to `most`.
[[nodiscard]] std::int64_t whole(const nlohmann::json& value, std::int64_t least,
                                 std::int64_t most);

}  // namespace timeslice::validation
