#include "scenarios/format/suggest.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace timeslice::scenarios {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  a = a.substr(0, 64);
  b = b.substr(0, 64);
  const std::size_t columns = b.size() + 1;
  std::vector<std::size_t> cost((a.size() + 1) * columns);
  const auto at = [&](std::size_t i, std::size_t j) -> std::size_t& {
    return cost[i * columns + j];
  };
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        at(i, j) = i + j;
        continue;
      }
      const std::size_t replaced = at(i - 1, j - 1) + (a[i - 1] == b[j - 1] ? 0U : 1U);
      at(i, j) = std::min({replaced, at(i - 1, j) + 1, at(i, j - 1) + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        at(i, j) = std::min(at(i, j), at(i - 2, j - 2) + 1);
      }
    }
  }
  return cost.back();
}

std::vector<std::string> near_names(std::string_view name, const std::vector<std::string>& known) {
  const std::size_t allowed = name.size() < 3 ? 0 : std::max<std::size_t>(1, name.size() / 3);
  std::vector<std::pair<std::size_t, std::string>> close;
  for (const std::string& candidate : known) {
    const std::size_t distance = edit_distance(name, candidate);
    if (distance <= allowed) {
      close.emplace_back(distance, candidate);
    }
  }
  std::ranges::sort(close);
  std::vector<std::string> names;
  for (auto& [distance, candidate] : close) {
    if (names.size() < 3) {
      names.push_back(std::move(candidate));
    }
  }
  return names;
}

std::string suggestion(std::string_view name, const std::vector<std::string>& known,
                       std::size_t shown) {
  const std::vector<std::string> close = near_names(name, known);
  if (!close.empty()) {
    return fmt::format("did you mean '{}'?", fmt::join(close, "', '"));
  }
  if (known.empty()) {
    return "none is defined";
  }
  std::vector<std::string> first(
      known.begin(), known.begin() + static_cast<std::ptrdiff_t>(std::min(shown, known.size())));
  return fmt::format("known are: {}{}", fmt::join(first, ", "),
                     first.size() < known.size() ? ", ..." : "");
}

}  // namespace timeslice::scenarios
