#include "models/machine/index_set.hpp"

#include <algorithm>
#include <bit>
#include <charconv>

#include "sim/expect.hpp"

namespace timeslice::models {
namespace {

constexpr std::uint32_t word_bits = 32;

/// One word of up to eight hexadecimal digits, with or without "0x"; an empty one is 0.
std::optional<std::uint32_t> parse_word(std::string_view text) {
  if (text.empty()) {
    return 0;
  }
  if (text.starts_with("0x")) {
    text.remove_prefix(2);
  }
  std::uint32_t word = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), word, 16);
  const bool whole = error == std::errc{} && end == text.data() + text.size() && text.size() <= 8;
  return whole ? std::optional{word} : std::nullopt;
}

}  // namespace

std::optional<IndexSet> IndexSet::parse(std::string_view text) {
  constexpr std::string_view infinite = "0xf...f";
  if (text.empty()) {
    return std::nullopt;
  }
  IndexSet set;
  if (text.starts_with(infinite)) {
    set.all_above_ = true;
    text.remove_prefix(infinite.size());
    if (text.starts_with(',')) {
      text.remove_prefix(1);
    } else if (!text.empty()) {
      return std::nullopt;
    }
  }
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    const auto word = parse_word(text.substr(0, comma));
    if (!word) {
      return std::nullopt;
    }
    set.words_.push_back(*word);
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
  }
  std::ranges::reverse(set.words_);
  set.trim();
  if (set.words_.size() > limit / word_bits) {
    return std::nullopt;
  }
  return set;
}

IndexSet IndexSet::of(std::uint32_t number) {
  sim::expect(number < limit, "a CPU or node number is below the limit");
  IndexSet set;
  set.words_.resize(number / word_bits + 1);
  set.words_.back() = 1U << (number % word_bits);
  return set;
}

bool IndexSet::contains(std::uint32_t number) const {
  const std::size_t word = number / word_bits;
  if (word >= words_.size()) {
    return all_above_;
  }
  return ((words_[word] >> (number % word_bits)) & 1U) != 0;
}

bool IndexSet::is_within(const IndexSet& other) const {
  if (all_above_ && !other.all_above_) {
    return false;
  }
  for (std::size_t i = 0; i < words_.size(); ++i) {
    const std::uint32_t theirs =
        i < other.words_.size() ? other.words_[i] : (other.all_above_ ? ~0U : 0U);
    if ((words_[i] & ~theirs) != 0) {
      return false;
    }
  }
  return true;
}

bool IndexSet::empty() const {
  return words_.empty() && !all_above_;
}

std::uint32_t IndexSet::count() const {
  std::uint32_t sum = 0;
  for (const std::uint32_t word : words_) {
    sum += static_cast<std::uint32_t>(std::popcount(word));
  }
  return sum;
}

std::uint32_t IndexSet::first() const {
  sim::expect(!empty(), "an empty set has no lowest number");
  std::uint32_t number = 0;
  for (const std::uint32_t word : words_) {
    if (word != 0) {
      return number + static_cast<std::uint32_t>(std::countr_zero(word));
    }
    number += word_bits;
  }
  return number;
}

void IndexSet::trim() {
  while (!all_above_ && !words_.empty() && words_.back() == 0) {
    words_.pop_back();
  }
}

}  // namespace timeslice::models
