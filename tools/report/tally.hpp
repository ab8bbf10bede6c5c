// How often each text occurs, in the order in which they first did.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace timeslice::tools {

/// For a few distinct texts: each addition looks through all of them.
class Tally {
 public:
  using Entry = std::pair<std::string, std::uint64_t>;

  void add(const std::string& text, std::uint64_t count = 1) {
    const auto known = std::ranges::find(entries_, text, &Entry::first);
    if (known == entries_.end()) {
      entries_.emplace_back(text, count);
    } else {
      known->second += count;
    }
  }

  void add_all(const std::vector<std::string>& texts) {
    for (const std::string& text : texts) {
      add(text);
    }
  }

  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }

 private:
  std::vector<Entry> entries_;
};

}  // namespace timeslice::tools
