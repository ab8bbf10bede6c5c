// Numbers as people read them: durations, counts, bytes, shares, each with a fitting unit.
//
// Three significant digits, no locale: the same text on every machine.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace timeslice::tools {

/// "1.25 s", "340 us", "12 ns", "2 h 05 min"; 0 is "0".
[[nodiscard]] std::string human_duration(double nanoseconds);

/// "1.5 MiB", "512 B".
[[nodiscard]] std::string human_bytes(double bytes);

/// "12 345" below a million, "1.23e+06" above.
[[nodiscard]] std::string human_count(double count);

/// "98.5 %" for 0.985.
[[nodiscard]] std::string human_share(double share);

/// "3.97x".
[[nodiscard]] std::string human_ratio(double ratio);

/// A value with the unit of the contract: ns, 1/s, 1, count or B.
[[nodiscard]] std::string human_value(double value, std::string_view unit);

/// The half width of an interval: "± 12 ms"; empty where there is no interval.
[[nodiscard]] std::string human_spread(std::optional<double> low, std::optional<double> high,
                                       std::string_view unit);

/// 16 lower-case hex digits, as keys and digests are printed.
[[nodiscard]] std::string hex16(std::uint64_t value);

/// `one` or `many`, with the number in front: "1 point", "12 points".
[[nodiscard]] std::string counted(std::uint64_t number, std::string_view one,
                                  std::string_view many);

}  // namespace timeslice::tools
