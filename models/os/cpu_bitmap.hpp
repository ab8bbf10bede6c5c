// A set of small numbers with "the first from here on", for tens of thousands of CPUs.
//
// A tree of 64-bit words: each bit above says whether the word below has any. Insert, erase and
// next cost O(log64 size): one to three words.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace timeslice::models {

class CpuBitmap {
 public:
  static constexpr std::uint32_t none = 0xffffffffU;

  explicit CpuBitmap(std::size_t size) {
    do {
      size = (size + 63) / 64;
      levels_.emplace_back(size, 0);
    } while (size > 1);
  }

  [[nodiscard]] bool contains(std::uint32_t member) const {
    return ((levels_[0][member / 64] >> (member % 64)) & 1U) != 0;
  }

  void insert(std::uint32_t member) {
    for (auto& words : levels_) {
      words[member / 64] |= std::uint64_t{1} << (member % 64);
      member /= 64;
    }
  }

  void erase(std::uint32_t member) {
    for (auto& words : levels_) {
      words[member / 64] &= ~(std::uint64_t{1} << (member % 64));
      if (words[member / 64] != 0) {
        return;
      }
      member /= 64;
    }
  }

  [[nodiscard]] bool empty() const { return levels_.back()[0] == 0; }

  /// The least member >= `from`; none if there is none.
  [[nodiscard]] std::uint32_t next(std::uint32_t from) const {
    std::size_t at = from;
    for (std::size_t level = 0; level < levels_.size(); ++level) {
      if (at / 64 >= levels_[level].size()) {
        return none;
      }
      const std::uint64_t rest = levels_[level][at / 64] >> (at % 64);
      if (rest != 0) {
        return descend(level, at + static_cast<std::size_t>(std::countr_zero(rest)));
      }
      at = at / 64 + 1;
    }
    return none;
  }

  /// How many members are in [begin, end). O((end - begin) / 64).
  [[nodiscard]] std::uint32_t count_in(std::uint32_t begin, std::uint32_t end) const {
    int found = 0;
    for (std::uint32_t at = begin; at < end; at = (at / 64 + 1) * 64) {
      std::uint64_t word = levels_[0][at / 64] >> (at % 64);
      const std::uint32_t rest = end - at;
      if (rest < 64) {
        word &= (std::uint64_t{1} << rest) - 1;
      }
      found += std::popcount(word);
    }
    return static_cast<std::uint32_t>(found);
  }

  /// The least member in [begin, end); none if there is none.
  [[nodiscard]] std::uint32_t first_in(std::uint32_t begin, std::uint32_t end) const {
    const std::uint32_t found = next(begin);
    return found < end ? found : none;
  }

 private:
  [[nodiscard]] std::uint32_t descend(std::size_t level, std::size_t at) const {
    while (level > 0) {
      --level;
      at = at * 64 + static_cast<std::size_t>(std::countr_zero(levels_[level][at]));
    }
    return static_cast<std::uint32_t>(at);
  }

  std::vector<std::vector<std::uint64_t>> levels_;  // the last has one word
};

}  // namespace timeslice::models
