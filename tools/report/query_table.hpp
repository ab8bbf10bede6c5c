// A query's result as text: an aligned table, CSV (RFC 4180) or JSON.
//
// Text from a database is data: the table shows control characters as "?", so that a stored name
// cannot steer a terminal; CSV and JSON keep them. NULL is the word NULL in tables, empty in CSV,
// null in JSON.
#pragma once

#include <string>

#include "tools/store/query.hpp"

namespace timeslice::tools {

[[nodiscard]] std::string to_table(const QueryTable& result);
[[nodiscard]] std::string to_csv(const QueryTable& result);
/// A list with one object a row, keys in column order.
[[nodiscard]] std::string to_json(const QueryTable& result);

}  // namespace timeslice::tools
