// A set of CPU or node numbers, and hwloc's way to write one.
//
// hwloc writes sets as 32-bit hexadecimal words, the highest first, with commas between them:
// "0x0000000f" is 0..3, "0x1,0x0" is 32, an empty word is 0. "0xf...f" in front says that all
// higher numbers belong to it as well. A set is a flat bitmap: operations cost a pass over words.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace timeslice::models {

class IndexSet {
 public:
  /// Numbers from here on are refused: the format's limit for CPUs.
  static constexpr std::uint32_t limit = 65'536;

  /// Nothing if `text` is not such a set, or holds numbers of `limit` or more.
  [[nodiscard]] static std::optional<IndexSet> parse(std::string_view text);

  /// The set of this one number. Requires: it is below `limit`.
  [[nodiscard]] static IndexSet of(std::uint32_t number);

  [[nodiscard]] bool contains(std::uint32_t number) const;
  [[nodiscard]] bool is_within(const IndexSet& other) const;
  [[nodiscard]] bool empty() const;
  [[nodiscard]] std::uint32_t count() const;  // of the finite part
  [[nodiscard]] std::uint32_t first() const;  // lowest number. Requires: not empty

  bool operator==(const IndexSet&) const = default;

 private:
  void trim();

  std::vector<std::uint32_t> words_;  // lowest first, no zero word at the end
  bool all_above_ = false;            // every number above the words belongs to the set
};

}  // namespace timeslice::models
