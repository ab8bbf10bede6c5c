// What a resumed sweep needs of the runs that the file has. Internal to tools/store.
//
// Everything here may throw SQLite::Exception. Cost: one lookup a point and one row a number.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "tools/store/store.hpp"

namespace SQLite {
class Database;
}

namespace timeslice::tools {

using PointIds = std::map<std::uint64_t, std::int64_t>;  // by ordinal

/// The points of a batch that could be resolved.
[[nodiscard]] PointIds read_point_ids(SQLite::Database& database, std::int64_t batch);

/// Simulated runs of a point that ended well, by repetition.
[[nodiscard]] std::vector<StoredRun> read_runs(SQLite::Database& database, std::int64_t point);

[[nodiscard]] std::vector<SummaryMetric> read_quantiles(SQLite::Database& database,
                                                        std::int64_t point);

}  // namespace timeslice::tools
