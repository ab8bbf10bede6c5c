#include "tools/cli/arguments.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <system_error>

#include <fmt/format.h>

#include "scenarios/format/suggest.hpp"

namespace timeslice::tools {
namespace {

struct TimeUnit {
  std::string_view name;
  double nanoseconds;
};
constexpr std::array<TimeUnit, 6> time_units{
    {{"ns", 1.0}, {"us", 1e3}, {"ms", 1e6}, {"min", 6e10}, {"s", 1e9}, {"h", 3.6e12}}};

std::optional<std::uint64_t> parse_count(std::string_view text) {
  std::uint64_t value = 0;
  const auto [stop, problem] = std::from_chars(text.begin(), text.end(), value);
  const bool whole = problem == std::errc{} && stop == text.end() && !text.empty();
  return whole ? std::optional{value} : std::nullopt;
}

std::optional<double> parse_decimal(std::string_view text) {
  double value = 0.0;
  const auto [stop, problem] =
      std::from_chars(text.begin(), text.end(), value, std::chars_format::fixed);
  const bool whole = problem == std::errc{} && stop == text.end() && std::isfinite(value);
  return whole ? std::optional{value} : std::nullopt;
}

std::optional<double> parse_share(std::string_view text) {
  constexpr double per_cent = 100.0;
  if (!text.ends_with('%')) {
    return std::nullopt;
  }
  const auto value = parse_decimal(text.substr(0, text.size() - 1));
  return value && *value >= 0.0 ? std::optional{*value / per_cent} : std::nullopt;
}

std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  constexpr double longest_ns = 9e18;
  for (const TimeUnit& unit : time_units) {
    if (!text.ends_with(unit.name)) {
      continue;
    }
    const auto value = parse_decimal(text.substr(0, text.size() - unit.name.size()));
    if (value && *value >= 0.0 && *value * unit.nanoseconds < longest_ns) {
      return std::chrono::nanoseconds{std::llround(*value * unit.nanoseconds)};
    }
  }
  return std::nullopt;
}

sim::Result<bool> check_count(const OptionSpec& option, const std::string& text) {
  const auto value = parse_count(text);
  if (value && *value >= option.lowest && *value <= option.highest) {
    return true;
  }
  const std::string range =
      option.highest == UINT64_MAX
          ? fmt::format("a whole number from {}", option.lowest)
          : fmt::format("a whole number from {} to {}", option.lowest, option.highest);
  return sim::Error{.where = {},
                    .what = fmt::format("'{}' is not {}", text, range),
                    .advice = fmt::format("write {}", range)};
}

sim::Result<bool> check_choice(const OptionSpec& option, const std::string& text) {
  const auto known = words(option.choices);
  if (std::ranges::find(known, text) != known.end()) {
    return true;
  }
  return sim::Error{.where = {},
                    .what = fmt::format("'{}' is not one of its words", text),
                    .advice = scenarios::suggestion(text, known)};
}

sim::Result<bool> needs(bool good, const std::string& text, std::string_view what,
                        std::string_view advice) {
  if (good) {
    return true;
  }
  return sim::Error{.where = {},
                    .what = fmt::format("'{}' is not {}", text, what),
                    .advice = std::string{advice}};
}

}  // namespace

sim::Result<bool> check_value(const OptionSpec& option, const std::string& text) {
  switch (option.kind) {
    case ValueKind::flag:
      return true;
    case ValueKind::text:
    case ValueKind::file:
      return needs(!text.empty(), text, "a value", fmt::format("give {} a value", option.argument));
    case ValueKind::count:
      return check_count(option, text);
    case ValueKind::duration:
      return needs(parse_duration(text).has_value(), text, "a duration",
                   "write a number with its unit: 500ms, 90s, 10min or 2h");
    case ValueKind::percent:
      return needs(parse_share(text).has_value(), text, "a percentage", "write 10% or 2.5%");
    case ValueKind::choice:
      return check_choice(option, text);
    case ValueKind::assignment: {
      const std::size_t equals = text.find('=');
      return needs(equals != std::string::npos && equals > 0, text, "of the form PATH=VALUE",
                   "write for example workers=8 or executors.pool.start=spawn");
    }
  }
  return true;
}

std::optional<std::string> Arguments::text(std::string_view option) const {
  const auto found = options.find(option);
  const bool given = found != options.end() && !found->second.texts.empty();
  return given ? std::optional{found->second.texts.back()} : std::nullopt;
}

std::vector<std::string> Arguments::texts(std::string_view option) const {
  const auto found = options.find(option);
  return found == options.end() ? std::vector<std::string>{} : found->second.texts;
}

std::optional<std::uint64_t> Arguments::count(std::string_view option) const {
  const auto given = text(option);
  return given ? parse_count(*given) : std::nullopt;
}

std::optional<double> Arguments::share(std::string_view option) const {
  const auto given = text(option);
  return given ? parse_share(*given) : std::nullopt;
}

std::optional<std::chrono::nanoseconds> Arguments::duration(std::string_view option) const {
  const auto given = text(option);
  return given ? parse_duration(*given) : std::nullopt;
}

}  // namespace timeslice::tools
