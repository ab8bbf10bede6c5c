// The machine's answer of `run`: one JSON document, schema timeslice.run/1 of the contract.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "tools/report/run_report.hpp"

namespace timeslice::tools {

/// The document as a value, for those that add to it.
[[nodiscard]] nlohmann::ordered_json run_document(const RunReport& report);

/// The document as text.
[[nodiscard]] std::string run_json(const RunReport& report);

/// One line, ended. Text that is not UTF-8 comes out with replacement characters.
[[nodiscard]] std::string json_line(const nlohmann::ordered_json& document);

}  // namespace timeslice::tools
