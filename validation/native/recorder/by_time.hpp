// Sorting what has a time, equal times in the order they had.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

namespace timeslice::validation {

/// Costs a sort and a copy. (std::stable_sort of this standard library does not build cleanly with
/// clang: it uses what C++17 deprecated.)
template <typename T>
[[nodiscard]] std::vector<T> sorted_by_time(const std::vector<T>& things) {
  std::vector<std::size_t> order(things.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t at) { return std::pair{things[at].time_ns, at}; });
  std::vector<T> sorted;
  sorted.reserve(things.size());
  for (const std::size_t at : order) {
    sorted.push_back(things[at]);
  }
  return sorted;
}

}  // namespace timeslice::validation
