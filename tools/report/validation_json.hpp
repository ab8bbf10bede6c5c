// The machine's answer of `validate`: schema timeslice.validate/1 of the contract.
#pragma once

#include <string>

#include "tools/report/run_report.hpp"
#include "validation/validate.hpp"

namespace timeslice::tools {

/// `predicted`: the report of the simulated runs, its points in the order of `result.points`.
[[nodiscard]] std::string validation_json(const RunReport& predicted,
                                          const validation::Validation& result);

}  // namespace timeslice::tools
