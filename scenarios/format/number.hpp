// Numbers and quantities as scenario files write them: decimal, with a unit where one is needed.
//
// Pure functions of text. A problem is a value with code, reason and way out; the caller adds the
// place. Not here: distributions (distribution_text.hpp).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace timeslice::scenarios {

/// Why a text is not what was asked for. `{}` in `what` stands for the quoted key.
struct Problem {
  std::string code;  // empty: there is none
  std::string what;
  std::string advice;

  [[nodiscard]] bool empty() const { return code.empty(); }
};

template <typename T>
struct Parsed {
  T value{};
  Problem problem;

  explicit operator bool() const { return problem.empty(); }
};

/// A unit and how many base units it is: {"ms", 1e6} for durations in ns.
struct Unit {
  std::string_view name;
  double factor;
};

/// A family of units with what a message calls it and its usual example units.
struct UnitFamily {
  std::string_view noun;  // "duration"
  std::span<const Unit> units;
  std::string_view examples[3];  // for "write 120ms, 120us or 120s"
};

[[nodiscard]] const UnitFamily& duration_units();   // base: ns
[[nodiscard]] const UnitFamily& byte_units();       // base: B
[[nodiscard]] const UnitFamily& rate_units();       // base: 1/s
[[nodiscard]] const UnitFamily& frequency_units();  // base: Hz
[[nodiscard]] const UnitFamily& bandwidth_units();  // base: B/s

/// A decimal number: `5`, `0.25`, `1e7`, `-3`. Refused: `010`, `0x10`, `.5`, `1_000`, `1e400`, inf.
[[nodiscard]] Parsed<double> parse_number(std::string_view text);

/// A part of 1: `0.02`, or as `2%`.
[[nodiscard]] Parsed<double> parse_ratio(std::string_view text);

/// A whole number from 0, exact up to 2^64 - 1; `1e7` is one.
[[nodiscard]] Parsed<std::uint64_t> parse_count(std::string_view text);

/// A number directly followed by a unit of `family` (one space between is fine); 0 needs none.
/// Negative ones are refused. The value is in the family's base unit.
[[nodiscard]] Parsed<double> parse_quantity(std::string_view text, const UnitFamily& family);

/// on, off, true, false, yes, no.
[[nodiscard]] Parsed<bool> parse_boolean(std::string_view text);

/// A duration in whole nanoseconds, at most 100 years.
[[nodiscard]] Parsed<std::int64_t> parse_duration_ns(std::string_view text);

/// A size in whole bytes, at most 2^60.
[[nodiscard]] Parsed<std::int64_t> parse_bytes(std::string_view text);

[[nodiscard]] std::string_view trimmed(std::string_view text);

}  // namespace timeslice::scenarios
