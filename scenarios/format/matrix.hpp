// The sweep: axes, what is skipped, what is added, and which combination a number stands for.
//
// Combinations count with the last axis fastest; added points follow. Cost: one pass over the
// product at load (at most 1e6), then constant work a look-up.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "scenarios/format/document.hpp"
#include "scenarios/format/node.hpp"

namespace timeslice::scenarios {

inline constexpr std::uint64_t max_points = 1'000'000;

struct Axis {
  std::string key;
  Mark mark;
  std::vector<Node> values;
  bool pinned = false;  // one value, from the command line
};

/// The value that each axis takes at one point; null: what the scenario says by itself.
using Combination = std::vector<const Node*>;

class Matrix {
 public:
  /// Reads `node` (null: no matrix); `pinned` axes have one value only, from the command line.
  static Matrix read(const Node* node, const std::vector<Setting>& pinned, Reporter& reporter);

  [[nodiscard]] const std::vector<Axis>& axes() const { return axes_; }
  [[nodiscard]] const Axis* find(const std::string& key) const;
  [[nodiscard]] std::uint64_t size() const;
  [[nodiscard]] Combination at(std::uint64_t number) const;
  /// Numbers of points worth checking when all are too many: along each axis, and the added ones.
  [[nodiscard]] std::vector<std::uint64_t> corners(std::size_t most) const;

 private:
  /// One entry of `skip`: for each axis, which of its values it covers; empty: all of them.
  using SkipMask = std::vector<std::vector<bool>>;

  void read_axes(const Node& node, const std::vector<Setting>& pinned, Reporter& reporter);
  void read_skip(const Node& skip, Reporter& reporter);
  [[nodiscard]] SkipMask read_mask(const Node& entry, Reporter& reporter) const;
  [[nodiscard]] std::vector<std::size_t> digits_of(std::uint64_t number) const;
  [[nodiscard]] static bool covers(const SkipMask& mask, const std::vector<std::size_t>& digits);
  void keep_unmasked(const std::vector<SkipMask>& masks);
  void read_add(const Node& add, Reporter& reporter);
  void add_point(const Node& entry, Reporter& reporter);
  [[nodiscard]] std::uint64_t product() const;
  [[nodiscard]] Combination product_at(std::uint64_t number) const;
  [[nodiscard]] std::optional<std::size_t> axis_index(const Node::Key& key,
                                                      Reporter& reporter) const;

  std::vector<Axis> axes_;
  std::optional<std::vector<std::uint32_t>> kept_;  // nothing: no skip
  std::vector<Combination> added_;
  std::vector<std::vector<Node>> added_values_;  // what `added_` points into
};

}  // namespace timeslice::scenarios
