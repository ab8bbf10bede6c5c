// The format for machines and for people, both made from the loader's own table of keys.
#pragma once

#include <string>

namespace timeslice::scenarios {

/// JSON Schema (2020-12) of a scenario file. It accepts what the loader accepts and refuses unknown
/// keys; names, ranges across keys and files are the loader's business. A file is read as YAML 1.2:
/// `on` may arrive as text or as true.
[[nodiscard]] std::string schema_json();

/// The full reference of the format, FORMAT.md.
[[nodiscard]] std::string format_markdown();

}  // namespace timeslice::scenarios
