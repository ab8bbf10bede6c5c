// The names of a scenario - tasks, executors, locks, groups, futures - and who uses them.
//
// Indices follow the sorted names, so that the order of keys in a file decides nothing.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/format/fields.hpp"

namespace timeslice::scenarios {

class Names {
 public:
  /// The keys of `map` (may be null); `noun` is what messages call one of them.
  Names(std::string_view noun, const Node* map);

  /// Position of the name that `node` holds; reports one that is not defined.
  [[nodiscard]] std::optional<std::uint32_t> resolve(const Reading& reading, const Node& node);

  /// The name is used by what has no number of its own to keep.
  void mark_used(std::string_view name);

  [[nodiscard]] const std::vector<std::string>& all() const { return names_; }
  /// One warning for each name that nobody asked for.
  void warn_unused(std::vector<std::string>& warnings) const;

 private:
  std::string_view noun_;
  std::vector<std::string> names_;  // sorted
  std::vector<bool> used_;
};

/// Names that come into being by `submit: {as: NAME}`; numbered as they are first read.
class Futures {
 public:
  std::uint32_t submitted(const Node& node);
  std::uint32_t joined(const Node& node);
  /// Reports joins of what nobody submits; warns of what nobody joins.
  void check(const Reading& reading) const;
  [[nodiscard]] std::vector<std::string> all() const { return order_; }

 private:
  struct Use {
    std::uint32_t index = 0;
    bool submitted = false;
    const Node* joined = nullptr;
  };
  Use& use(const std::string& name);

  std::map<std::string, Use> uses_;
  std::vector<std::string> order_;
};

struct WorldNames {
  Names tasks;
  Names executors;
  Names locks;
  Names groups;
  Futures futures;
};

}  // namespace timeslice::scenarios
