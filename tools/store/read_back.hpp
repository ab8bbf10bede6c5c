// What a resumed sweep needs of the runs that the file has. Internal to tools/store.
//
// Everything here may throw SQLite::Exception. Cost: one lookup a point and one row a number.
#pragma once

#include <cstdint>
#include <vector>

#include "tools/store/store.hpp"

namespace SQLite {
class Database;
}

namespace timeslice::tools {

/// Simulated runs that ended well, by repetition.
[[nodiscard]] std::vector<StoredRun> read_runs(SQLite::Database& database, std::int64_t batch,
                                               std::uint64_t ordinal);

[[nodiscard]] std::vector<SummaryMetric> read_quantiles(SQLite::Database& database,
                                                        std::int64_t batch, std::uint64_t ordinal);

}  // namespace timeslice::tools
