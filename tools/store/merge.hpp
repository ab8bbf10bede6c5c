// Joins databases: the shards of a sweep become the sweep, other batches are added as they are.
//
// What the target has already is left alone, so merging twice changes nothing. Each input is one
// transaction: it is joined whole or not at all. Cost: about one microsecond a stored number.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "tools/store/store_error.hpp"

namespace timeslice::tools {

struct Merged {
  std::uint64_t runs = 0;    // that the input has
  std::uint64_t added = 0;   // of them new to the target
  std::uint64_t points = 0;  // new to the target
};

/// Adds what the inputs have to `target`, which is made if it is missing, one after the other,
/// until one fails or `on_merged` says false. It is an error if a simulated run of the same point
/// key, repetition and model has another digest in two files.
[[nodiscard]] std::optional<StoreError> merge(
    const std::string& target, std::span<const std::string> inputs,
    const std::function<bool(const std::string& input, const Merged&)>& on_merged);

}  // namespace timeslice::tools
