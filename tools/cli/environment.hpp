// What the environment says. Reads one variable; costs a search of the list.
#pragma once

#include <cstdlib>
#include <string>

namespace timeslice::tools {

/// Its text; empty if it is empty or not there.
[[nodiscard]] inline std::string variable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nothing sets it
  return value == nullptr ? "" : value;
}

}  // namespace timeslice::tools
