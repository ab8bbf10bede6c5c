#include "validation/condense.hpp"

#include <map>
#include <string>
#include <vector>

#include "sim/expect.hpp"

namespace timeslice::validation {

void condense(Validation& validation) {
  std::vector<Comparison> all;
  std::map<std::string, std::vector<Comparison>> by_group;
  for (const PointValidation& point : validation.points) {
    if (!point.comparisons.empty()) {
      all.push_back(point.comparisons.front());
      by_group[point.group].push_back(point.comparisons.front());
    }
  }
  validation.all = summarise(all);
  validation.groups.clear();
  for (const auto& [name, comparisons] : by_group) {
    validation.groups.push_back({.name = name, .summary = summarise(comparisons)});
  }
}

Validation slice_of(const Validation& whole, std::size_t first, std::size_t count) {
  sim::expect(first + count <= whole.points.size(), "a slice lies within the whole");
  Validation part;
  const auto begin = whole.points.begin() + static_cast<std::ptrdiff_t>(first);
  part.points.assign(begin, begin + static_cast<std::ptrdiff_t>(count));
  part.notes = whole.notes;
  part.warnings = whole.warnings;
  part.interrupted = whole.interrupted;
  part.calibration = whole.calibration;
  condense(part);
  return part;
}

}  // namespace timeslice::validation
