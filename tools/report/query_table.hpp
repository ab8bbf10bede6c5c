// A query's result as text: an aligned table, CSV (RFC 4180) or JSON.
//
// Text from a database is data: control characters are shown escaped in the table, so that a
// stored name cannot steer a terminal. NULL is the word NULL in tables, empty in CSV, null in JSON.
#pragma once

#include <string>
#include <string_view>

#include "tools/store/query.hpp"

namespace timeslice::tools {

[[nodiscard]] std::string to_table(const QueryTable& result);
/// `text` with control characters written as \xNN, and line breaks as \n.
[[nodiscard]] std::string printable(std::string_view text);

[[nodiscard]] std::string to_csv(const QueryTable& result);
/// A list with one object a row, keys in column order.
[[nodiscard]] std::string to_json(const QueryTable& result);

}  // namespace timeslice::tools
