// The run that a user names: its number in v_run, or the key of its point with or without ":REP".
// Internal to tools/store.
#pragma once

#include <cstdint>
#include <string>

namespace SQLite {
class Database;
}

namespace timeslice::tools {

/// Its id; of a key the newest batch's first repetition. Throws StoreError where there is none.
[[nodiscard]] std::int64_t find_run(SQLite::Database& database, const std::string& path,
                                    const std::string& run);

}  // namespace timeslice::tools
