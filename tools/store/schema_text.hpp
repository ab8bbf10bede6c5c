// The SQL of the database, as the program carries it.
#pragma once

#include <string_view>

namespace timeslice::tools {

/// Tables of version 1: tools/store/schema.sql.
[[nodiscard]] std::string_view schema_sql();

/// Views: tools/store/views.sql.
[[nodiscard]] std::string_view views_sql();

}  // namespace timeslice::tools
