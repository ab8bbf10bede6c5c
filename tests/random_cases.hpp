// How many random cases a property test runs.
#pragma once

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace timeslice::cases {

/// `usual`, or what the environment's TIMESLICE_RANDOM_CASES says, as the nightly run does.
inline std::uint64_t random_cases(std::uint64_t usual) {
  const char* asked = std::getenv("TIMESLICE_RANDOM_CASES");
  if (asked == nullptr) {
    return usual;
  }
  const std::string_view text{asked};
  std::uint64_t cases = usual;
  std::from_chars(text.data(), text.data() + text.size(), cases);
  return cases;
}

}  // namespace timeslice::cases
