#include "tools/report/speedup.hpp"

#include <algorithm>
#include <cstddef>
#include <map>
#include <set>

#include "tools/report/param_json.hpp"

namespace timeslice::tools {
namespace {

std::string value_of(const PointReport& point, const std::string& name) {
  const auto found = std::ranges::find(point.params, name, &scenarios::Param::name);
  return found == point.params.end() ? std::string{} : found->value;
}

// All other parameters as one text, so that points which differ in the axis alone are equal.
std::string others(const PointReport& point, const std::string& axis) {
  std::string text;
  for (const scenarios::Param& param : point.params) {
    if (param.name != axis) {
      text += param.name + '\0' + param.value + '\0';
    }
  }
  return text;
}

std::optional<double> paired_ratio(const PointReport& base, const PointReport& point) {
  const std::size_t pairs = std::min(base.runs.size(), point.runs.size());
  double sum = 0.0;
  for (std::size_t rep = 0; rep < pairs; ++rep) {
    const RunRow& slow = base.runs[rep];
    const RunRow& fast = point.runs[rep];
    const bool usable = slow.repetition == fast.repetition &&
                        slow.status == models::RunStatus::ok &&
                        fast.status == models::RunStatus::ok && fast.makespan_ns > 0;
    if (!usable) {
      return std::nullopt;
    }
    sum += static_cast<double>(slow.makespan_ns) / static_cast<double>(fast.makespan_ns);
  }
  return pairs == 0 ? std::nullopt : std::optional{sum / static_cast<double>(pairs)};
}

// The different values of the axis; nothing where one is no number.
std::set<double> numbers_of(const RunReport& report, const std::string& axis) {
  std::set<double> values;
  for (const PointReport& point : report.points) {
    const auto number = plain_number(value_of(point, axis));
    if (!number) {
      return {};
    }
    values.insert(*number);
  }
  return values;
}

// The point with the smallest value of the axis for each combination of the other parameters.
std::map<std::string, const PointReport*> bases_of(const RunReport& report,
                                                   const std::string& axis) {
  std::map<std::string, const PointReport*> bases;
  for (const PointReport& point : report.points) {
    const PointReport*& base = bases[others(point, axis)];
    const auto value = plain_number(value_of(point, axis)).value_or(0.0);
    if (base == nullptr || value < plain_number(value_of(*base, axis)).value_or(0.0)) {
      base = &point;
    }
  }
  return bases;
}

bool keeps_work(const RunReport& report, const std::string& axis) {
  const auto bases = bases_of(report, axis);
  return std::ranges::all_of(report.points, [&](const PointReport& point) {
    return models::same_work(bases.at(others(point, axis))->work, point.work);
  });
}

}  // namespace

SpeedupAxis speedup_axis(const RunReport& report) {
  SpeedupAxis found;
  for (const std::string& axis : report.axes) {
    if (numbers_of(report, axis).size() < 2) {
      continue;
    }
    if (keeps_work(report, axis)) {
      return {.name = axis, .other = {}};
    }
    found.other = found.other.empty() ? axis : found.other;
  }
  return found;
}

std::vector<std::optional<double>> speedups(const RunReport& report, const std::string& axis) {
  const auto bases = bases_of(report, axis);
  std::vector<std::optional<double>> ratios;
  ratios.reserve(report.points.size());
  for (const PointReport& point : report.points) {
    ratios.push_back(paired_ratio(*bases.at(others(point, axis)), point));
  }
  return ratios;
}

}  // namespace timeslice::tools
