#include "scenarios/format/distribution_text.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace timeslice::scenarios {
namespace {

constexpr std::size_t max_samples = 1'000'000;

/// What stands between the brackets: values in order, a name before some.
struct Argument {
  std::string_view name;
  std::string_view value;
};

std::vector<Argument> split_arguments(std::string_view inside) {
  std::vector<Argument> arguments;
  while (true) {
    const std::size_t comma = inside.find(',');
    const std::string_view part = trimmed(inside.substr(0, comma));
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos) {
      arguments.push_back({"", part});
    } else {
      arguments.push_back({trimmed(part.substr(0, equals)), trimmed(part.substr(equals + 1))});
    }
    if (comma == std::string_view::npos) {
      return arguments;
    }
    inside.remove_prefix(comma + 1);
  }
}

enum class Second { none, duration, ratio };

/// One family: how it is written and what its parameters are.
struct Family {
  std::string_view name;
  models::DistributionKind kind;
  Second second;
  std::string_view second_name;  // empty: given by position
  std::string_view usage;
};

using models::DistributionKind;
constexpr std::array<Family, 5> families{{
    {"exp", DistributionKind::exponential, Second::none, "", "exp(5ms)"},
    {"uniform", DistributionKind::uniform, Second::duration, "", "uniform(2ms, 8ms)"},
    {"normal", DistributionKind::normal, Second::duration, "sd", "normal(5ms, sd=1ms)"},
    {"lognormal", DistributionKind::lognormal, Second::ratio, "cv", "lognormal(5ms, cv=0.6)"},
    {"pareto", DistributionKind::pareto, Second::ratio, "a", "pareto(5ms, a=2.5)"},
}};

Problem usage_problem(const Family& family) {
  return {"E-type", fmt::format("{{}}: the arguments of '{}' are not right", family.name),
          fmt::format("write it as {}", family.usage)};
}

Problem check_shape(const models::Distribution& made) {
  if (made.kind == DistributionKind::uniform && made.second < made.first_ns) {
    return {"E-range", "{}: the upper end of 'uniform' is below the lower", "swap the two"};
  }
  if (made.kind == DistributionKind::pareto && made.second <= 1.0) {
    return {"E-range", "{}: 'pareto' has no mean with a <= 1", "use a > 1"};
  }
  if (made.kind == DistributionKind::lognormal && (made.second < 0.0 || made.second > 100.0)) {
    return {"E-range", "{}: 'cv' is a ratio between 0 and 100", "such as cv=0.6"};
  }
  return {};
}

Parsed<DistributionText> parse_family(const Family& family, std::string_view inside) {
  const std::vector<Argument> arguments = split_arguments(inside);
  const std::size_t wanted = family.second == Second::none ? 1 : 2;
  if (arguments.size() != wanted || !arguments[0].name.empty() ||
      (wanted == 2 && arguments[1].name != family.second_name)) {
    return {.value = {}, .problem = usage_problem(family)};
  }
  DistributionText made;
  made.distribution.kind = family.kind;
  const auto first = parse_duration_ns(arguments[0].value);
  if (!first) {
    return {.value = {}, .problem = first.problem};
  }
  made.distribution.first_ns = static_cast<double>(first.value);
  if (family.second == Second::duration) {
    const auto second = parse_duration_ns(arguments[1].value);
    made.distribution.second = static_cast<double>(second.value);
    if (!second) {
      return {.value = {}, .problem = second.problem};
    }
  } else if (family.second == Second::ratio) {
    const auto second = parse_number(arguments[1].value);
    made.distribution.second = second.value;
    if (!second) {
      return {.value = {}, .problem = second.problem};
    }
  }
  Problem shape = check_shape(made.distribution);
  return {.value = std::move(made), .problem = std::move(shape)};
}

Parsed<DistributionText> parse_empirical(std::string_view inside) {
  const std::string_view file = trimmed(inside);
  if (file.empty() || file.find(',') != std::string_view::npos) {
    return {
        .value = {},
        .problem = {"E-type", "{}: 'empirical' takes one file", "write it as empirical(f.csv)"}};
  }
  DistributionText made;
  made.distribution.kind = DistributionKind::empirical;
  made.file = std::string{file};
  return {.value = std::move(made), .problem = {}};
}

Problem unknown_family(std::string_view name) {
  return {"E-name", fmt::format("{{}}: there is no distribution '{}'", name),
          "known are: exp, uniform, normal, lognormal, pareto, empirical"};
}

}  // namespace

Parsed<DistributionText> parse_distribution(std::string_view text) {
  const std::size_t bracket = text.find('(');
  if (bracket == std::string_view::npos) {
    const auto duration = parse_duration_ns(text);
    DistributionText made;
    made.distribution.first_ns = static_cast<double>(duration.value);
    return {.value = std::move(made), .problem = duration.problem};
  }
  if (!text.ends_with(')')) {
    return {.value = {},
            .problem = {"E-type", fmt::format("{{}}: '{}' has no closing bracket", text),
                        "inside { } a comma ends the value: write it in quotes"}};
  }
  const std::string_view name = trimmed(text.substr(0, bracket));
  const std::string_view inside = text.substr(bracket + 1, text.size() - bracket - 2);
  if (name == "empirical") {
    return parse_empirical(inside);
  }
  const auto* family = std::ranges::find(families, name, &Family::name);
  if (family == families.end()) {
    return {.value = {}, .problem = unknown_family(name)};
  }
  return parse_family(*family, inside);
}

Parsed<std::vector<double>> parse_samples(std::string_view text) {
  std::vector<double> values;
  std::string unit;
  bool first = true;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty() || line.starts_with('#')) {
      continue;
    }
    const bool names_unit = std::ranges::find(duration_units().units, line, &Unit::name) !=
                            duration_units().units.end();
    if (first && names_unit) {
      unit = std::string{line};
      first = false;
      continue;
    }
    first = false;
    const auto value = parse_duration_ns(fmt::format("{}{}", line, unit));
    if (!value) {
      return {
          .value = {},
          .problem = {value.problem.code, fmt::format("line {}: '{}' is no duration", number, line),
                      "write one duration a line (5ms), or their unit alone in the first line"}};
    }
    values.push_back(static_cast<double>(value.value));
    if (values.size() > max_samples) {
      return {.value = {}, .problem = {"E-limit", "more than 1e6 values", "thin them"}};
    }
  }
  if (values.empty()) {
    return {.value = {}, .problem = {"E-missing", "it holds no values", "one duration a line"}};
  }
  return {.value = std::move(values), .problem = {}};
}

}  // namespace timeslice::scenarios
