// One of several equal parts of a sweep: the points p with p mod count = index, so that points that
// take long are spread over the parts.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "sim/result.hpp"

namespace timeslice::tools {

struct Shard {
  std::uint64_t index = 0;
  std::uint64_t count = 1;

  [[nodiscard]] bool has(std::uint64_t ordinal) const { return ordinal % count == index; }
  [[nodiscard]] std::uint64_t points_of(std::uint64_t all) const {
    return all / count + (index < all % count ? 1 : 0);
  }
};

constexpr std::uint64_t shards_max = 100'000;

using Variables = std::function<std::optional<std::string>(const std::string& name)>;

/// "0/6": the first of six. "slurm": the part that Slurm's array variables name in `environment`.
[[nodiscard]] sim::Result<Shard> parse_shard(std::string_view text, const Variables& environment);

/// "0/6".
[[nodiscard]] std::string to_text(const Shard& shard);

}  // namespace timeslice::tools
