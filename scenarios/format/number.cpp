#include "scenarios/format/number.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include <fmt/format.h>

namespace timeslice::scenarios {
namespace {

constexpr double max_duration_ns = 100.0 * 365.25 * 86400.0 * 1e9;  // 100 years
constexpr double max_bytes = 1152921504606846976.0;                 // 2^60

constexpr std::array<Unit, 6> durations{
    {{"ns", 1.0}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"min", 60e9}, {"h", 3600e9}}};
constexpr std::array<Unit, 7> bytes{{{"B", 1.0},
                                     {"kB", 1e3},
                                     {"MB", 1e6},
                                     {"GB", 1e9},
                                     {"KiB", 1024.0},
                                     {"MiB", 1048576.0},
                                     {"GiB", 1073741824.0}}};
constexpr std::array<Unit, 1> rates{{{"/s", 1.0}}};
constexpr std::array<Unit, 4> frequencies{{{"Hz", 1.0}, {"kHz", 1e3}, {"MHz", 1e6}, {"GHz", 1e9}}};
constexpr std::array<Unit, 7> bandwidths{{{"B/s", 1.0},
                                          {"kB/s", 1e3},
                                          {"MB/s", 1e6},
                                          {"GB/s", 1e9},
                                          {"KiB/s", 1024.0},
                                          {"MiB/s", 1048576.0},
                                          {"GiB/s", 1073741824.0}}};

constexpr UnitFamily duration_family{"duration", durations, {"ms", "us", "s"}};
constexpr UnitFamily byte_family{"size", bytes, {"MiB", "KiB", "B"}};
constexpr UnitFamily rate_family{"rate", rates, {"/s", "", ""}};
constexpr UnitFamily frequency_family{"frequency", frequencies, {"GHz", "MHz", ""}};
constexpr UnitFamily bandwidth_family{"data rate", bandwidths, {"GiB/s", "MiB/s", ""}};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::size_t digits_at(std::string_view text, std::size_t at) {
  std::size_t count = 0;
  while (at + count < text.size() && is_digit(text[at + count])) {
    ++count;
  }
  return count;
}

/// Length of the decimal number that `text` starts with; 0: none.
std::size_t number_length(std::string_view text) {
  std::size_t at = text.starts_with('-') || text.starts_with('+') ? 1 : 0;
  const std::size_t whole = digits_at(text, at);
  if (whole == 0) {
    return 0;
  }
  at += whole;
  if (at < text.size() && text[at] == '.' && digits_at(text, at + 1) > 0) {
    at += 1 + digits_at(text, at + 1);
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    const bool sign = at + 1 < text.size() && (text[at + 1] == '-' || text[at + 1] == '+');
    const std::size_t exponent = at + 1 + (sign ? 1U : 0U);
    at = digits_at(text, exponent) > 0 ? exponent + digits_at(text, exponent) : at;
  }
  return at;
}

std::string_view without_sign(std::string_view text) {
  return text.starts_with('-') || text.starts_with('+') ? text.substr(1) : text;
}

std::string_view without_zeros(std::string_view text) {
  const std::size_t first = text.find_first_not_of('0');
  return first == std::string_view::npos ? "0" : text.substr(first);
}

Problem not_decimal(std::string_view text) {
  const std::string_view bare = without_sign(text);
  if (bare.starts_with("0x") || bare.starts_with("0X") || bare.starts_with("0o") ||
      bare.starts_with("0b")) {
    return {"E-number", fmt::format("'{}' is not a decimal number", text),
            "only decimal numbers are read"};
  }
  if (bare.find('_') != std::string_view::npos && digits_at(bare, 0) > 0) {
    std::string plain{text};
    std::erase(plain, '_');
    return {"E-number", fmt::format("'{}' is not a decimal number", text),
            fmt::format("write {}", plain)};
  }
  return {"E-type", fmt::format("{{}} must be a number, not '{}'", text), "write it as 12 or 0.5"};
}

std::string unit_list(const UnitFamily& family) {
  std::string text;
  for (std::size_t i = 0; i < family.units.size(); ++i) {
    text += i == 0 ? "" : i + 1 == family.units.size() ? " or " : ", ";
    text += family.units[i].name;
  }
  return text;
}

std::string example_list(std::string_view number, const UnitFamily& family) {
  std::string text;
  for (std::size_t i = 0; i < 3 && !family.examples[i].empty(); ++i) {
    const bool last = i == 2 || family.examples[i + 1].empty();
    text += i == 0 ? "" : last ? " or " : ", ";
    text += fmt::format("{}{}", number, family.examples[i]);
  }
  return text;
}

Problem bad_unit(std::string_view text, std::string_view unit, const UnitFamily& family) {
  if (unit.empty()) {
    return {"E-unit", "{} needs a unit", fmt::format("write {}", example_list(text, family))};
  }
  return {"E-unit", fmt::format("'{}' is not a unit of a {}", unit, family.noun),
          fmt::format("the {} {}", family.units.size() == 1 ? "unit is" : "units are",
                      unit_list(family))};
}

}  // namespace

const UnitFamily& duration_units() {
  return duration_family;
}
const UnitFamily& byte_units() {
  return byte_family;
}
const UnitFamily& rate_units() {
  return rate_family;
}
const UnitFamily& frequency_units() {
  return frequency_family;
}
const UnitFamily& bandwidth_units() {
  return bandwidth_family;
}

Parsed<double> parse_ratio(std::string_view text) {
  if (!text.ends_with('%')) {
    return parse_number(text);
  }
  Parsed<double> parsed = parse_number(trimmed(text.substr(0, text.size() - 1)));
  parsed.value /= 100.0;
  return parsed;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\n\r");
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(" \t\n\r") - first + 1);
}

Parsed<double> parse_number(std::string_view text) {
  if (text.empty() || number_length(text) != text.size()) {
    return {.problem = not_decimal(text)};
  }
  const std::string_view bare = without_sign(text);
  if (bare.size() > 1 && bare[0] == '0' && is_digit(bare[1])) {
    return {.problem = {"E-number", fmt::format("'{}' starts with a zero", text),
                        fmt::format("numbers are decimal: write {}", without_zeros(bare))}};
  }
  double value = 0.0;
  const std::string_view readable = text.starts_with('+') ? bare : text;
  const auto [end, error] =
      std::from_chars(readable.data(), readable.data() + readable.size(), value);
  if (error != std::errc{} || !std::isfinite(value)) {
    return {.problem = {"E-number", fmt::format("'{}' is out of the range of numbers", text),
                        "write a number between 1e-300 and 1e300"}};
  }
  return {.value = value, .problem = {}};
}

Parsed<std::uint64_t> parse_count(std::string_view text) {
  const Parsed<double> number = parse_number(text);
  if (!number) {
    return {.problem = number.problem};
  }
  if (number.value < 0.0) {
    return {.problem = {"E-range", fmt::format("{{}} must not be negative, not {}", text),
                        "write 0 or more"}};
  }
  std::uint64_t exact = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), exact);
  if (error == std::errc{} && end == text.data() + text.size()) {
    return {.value = exact, .problem = {}};
  }
  if (number.value != std::floor(number.value)) {
    return {.problem = {"E-type", fmt::format("{{}} must be a whole number, not {}", text),
                        "write it without a fraction"}};
  }
  if (number.value > 9007199254740992.0) {
    return {.problem = {"E-limit", fmt::format("{} is too large a number", text),
                        "write a smaller one"}};
  }
  return {.value = static_cast<std::uint64_t>(number.value), .problem = {}};
}

Parsed<double> parse_quantity(std::string_view text, const UnitFamily& family) {
  const std::size_t length = number_length(text);
  if (Problem odd = not_decimal(text); length > 0 && odd.code == "E-number") {
    return {.problem = std::move(odd)};
  }
  if (length == 0) {
    return {.problem = {"E-type", fmt::format("{{}} must be a {}, not '{}'", family.noun, text),
                        fmt::format("write it as {}", example_list("5", family))}};
  }
  std::string_view digits = text.substr(0, length);
  std::string_view unit = text.substr(length);
  unit.remove_prefix(unit.starts_with(' ') ? 1 : 0);
  const Parsed<double> number = parse_number(digits);
  if (!number) {
    return {.problem = number.problem};
  }
  if (number.value < 0.0) {
    return {.problem = {"E-range", fmt::format("{{}} must not be negative, not {}", text),
                        "write 0 or more"}};
  }
  if (unit.empty() && number.value == 0.0) {
    return {.value = 0.0, .problem = {}};
  }
  const auto found = std::ranges::find(family.units, unit, &Unit::name);
  if (found == family.units.end()) {
    return {.problem = bad_unit(digits, unit, family)};
  }
  return {.value = number.value * found->factor, .problem = {}};
}

Parsed<bool> parse_boolean(std::string_view text) {
  if (text == "on" || text == "true" || text == "yes") {
    return {.value = true, .problem = {}};
  }
  if (text == "off" || text == "false" || text == "no") {
    return {.value = false, .problem = {}};
  }
  return {.problem = {"E-type", fmt::format("{{}} must be on or off, not '{}'", text),
                      "write on or off"}};
}

namespace {

Parsed<std::int64_t> whole(std::string_view text, const Parsed<double>& parsed, double most,
                           std::string_view most_text) {
  if (!parsed) {
    return {.problem = parsed.problem};
  }
  if (parsed.value > most) {
    return {.problem = {"E-limit", fmt::format("{{}} is too large: {}", text),
                        fmt::format("at most {}", most_text)}};
  }
  return {.value = std::llround(parsed.value), .problem = {}};
}

}  // namespace

Parsed<std::int64_t> parse_duration_ns(std::string_view text) {
  return whole(text, parse_quantity(text, duration_family), max_duration_ns, "100 years");
}

Parsed<std::int64_t> parse_bytes(std::string_view text) {
  return whole(text, parse_quantity(text, byte_family), max_bytes, "2^60 bytes");
}

}  // namespace timeslice::scenarios
