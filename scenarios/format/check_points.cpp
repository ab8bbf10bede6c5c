#include "scenarios/format/check_points.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace timeslice::scenarios {
namespace {

constexpr std::uint64_t most_points = 10'000;  // sweeps up to this size are checked whole

/// Something that is wrong at some points.
struct Fault {
  Diagnostic diagnostic;
  std::uint64_t first = 0;   // ordinal of the first of them
  std::uint64_t points = 1;  // how many
};

bool same(const Diagnostic& a, const Diagnostic& b) {
  return std::tie(a.place.file, a.place.line, a.place.column, a.code, a.what) ==
         std::tie(b.place.file, b.place.line, b.place.column, b.code, b.what);
}

std::vector<std::uint64_t> ordinals_to_check(const Plan::State& state) {
  const std::uint64_t size = state.matrix.size();
  std::vector<std::uint64_t> numbers;
  if (state.variants.size() * size > most_points) {
    numbers = state.matrix.corners(most_points / std::max<std::size_t>(1, state.variants.size()));
  } else {
    for (std::uint64_t number = 0; number < size; ++number) {
      numbers.push_back(number);
    }
  }
  std::vector<std::uint64_t> ordinals;
  for (std::size_t variant = 0; variant < state.variants.size(); ++variant) {
    for (const std::uint64_t number : numbers) {
      ordinals.push_back(variant * size + number);
    }
  }
  return ordinals;
}

/// Whether the place is a value of the matrix, which says by itself what the point is.
bool is_swept_value(const Plan::State& state, const Place& place) {
  return std::ranges::any_of(state.matrix.axes(), [&](const Axis& axis) {
    return std::ranges::any_of(axis.values, [&](const Node& value) {
      return value.mark.source != nullptr && value.mark.source->name() == place.file &&
             value.mark.line == place.line && value.mark.column == place.column;
    });
  });
}

/// "workers=8, variant=spawned": what differs from point to point.
std::string name_of(const Plan::State& state, std::uint64_t ordinal) {
  std::string text;
  for (const auto& param : params_of(state, ordinal)) {
    const bool of_variant = param.name == "variant" && state.variants.size() > 1;
    if (of_variant || state.matrix.find(param.name) != nullptr) {
      text += fmt::format("{}{}={}", text.empty() ? "" : ", ", param.name,
                          param.value.empty() ? "(none)" : param.value);
    }
  }
  return text;
}

void note(std::vector<Fault>& faults, Diagnostics found, std::uint64_t ordinal) {
  for (Diagnostic& diagnostic : found) {
    const auto known = std::ranges::find_if(
        faults, [&](const Fault& fault) { return same(fault.diagnostic, diagnostic); });
    if (known != faults.end()) {
      ++known->points;
    } else {
      faults.push_back({.diagnostic = std::move(diagnostic), .first = ordinal});
    }
  }
}

}  // namespace

void check_points(const Plan::State& state, Reporter& reporter) {
  std::vector<Fault> faults;
  std::uint64_t checked = 0;
  for (const std::uint64_t ordinal : ordinals_to_check(state)) {
    if (faults.size() >= Reporter::limit) {
      break;
    }
    Reporter own;
    resolve_point(state, ordinal, own);
    note(faults, own.take(), ordinal);
    ++checked;
  }
  for (Fault& fault : faults) {
    if (fault.points < checked && !is_swept_value(state, fault.diagnostic.place)) {
      const std::uint64_t more = fault.points - 1;
      fault.diagnostic.what += fmt::format(
          " (at {}{})", name_of(state, fault.first),
          more == 0 ? "" : fmt::format(" and {} more {}", more, more == 1 ? "point" : "points"));
    }
    reporter.add(std::move(fault.diagnostic));
  }
}

}  // namespace timeslice::scenarios
