// Records of native runs (validation/record.hpp) as folders: `validate --record`, `--replay`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/result.hpp"
#include "validation/record.hpp"

namespace timeslice::tools {

/// Makes the folder, or takes it if it is empty; before anything is measured, so that nothing is
/// measured in vain.
[[nodiscard]] std::optional<sim::Error> prepare_record(const std::string& folder);

/// Writes the files, in their order.
[[nodiscard]] std::optional<sim::Error> write_record(
    const std::string& folder, const std::vector<validation::RecordFile>& files);

/// Reads files of the folder.
[[nodiscard]] validation::ReadRecordFile record_reader(const std::string& folder);

}  // namespace timeslice::tools
