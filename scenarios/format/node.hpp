// The tree of a YAML document as plain values: what the loader works on.
//
// Aliases are expanded, tags are gone, every node knows its place. A quoted scalar is a string,
// whatever it looks like. Copies are deep.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/format/source.hpp"

namespace timeslice::scenarios {

struct Node {
  enum class Kind : std::uint8_t { null, scalar, sequence, map };
  struct Key {
    std::string text;
    Mark mark;
  };

  Kind kind = Kind::null;
  bool quoted = false;
  Mark mark;
  std::string text;         // of a scalar
  std::vector<Node> items;  // of a sequence; of a map: its values
  std::vector<Key> keys;    // of a map, beside `items`

  [[nodiscard]] bool is_null() const { return kind == Kind::null; }
  [[nodiscard]] bool is_scalar() const { return kind == Kind::scalar; }
  [[nodiscard]] bool is_sequence() const { return kind == Kind::sequence; }
  [[nodiscard]] bool is_map() const { return kind == Kind::map; }

  /// The value of `key`, or null when this is no map or has no such key.
  [[nodiscard]] const Node* find(std::string_view key) const;
  [[nodiscard]] Node* find(std::string_view key);

  /// Sets or adds. Requires: this is a map.
  void set(Key key, Node value);
  /// Takes `key` out; whether it was there. Requires: this is a map.
  bool erase(std::string_view key);
};

/// A scalar made by the program; `mark` says what it stands for.
[[nodiscard]] Node scalar_node(std::string text, const Mark& mark);
[[nodiscard]] Node map_node(const Mark& mark);

/// Lays `over` on `base`: maps are merged key by key, everything else is replaced.
void merge(Node& base, const Node& over);

/// A dotted path: "runtime.gil". Numbers name elements of a list.
using Path = std::vector<std::string>;
[[nodiscard]] Path split_path(std::string_view dotted);

/// What stands at `path`, or null.
[[nodiscard]] const Node* find_path(const Node& root, const Path& path);

/// Writes `value` at `path`, making maps on the way. Whether it could: a scalar in the way or an
/// index past the end of a list is a no.
[[nodiscard]] bool set_path(Node& root, const Path& path, const Node& value, const Mark& mark);

/// Whether `key` is one that the loader skips: `x-...`.
[[nodiscard]] bool is_ignored(std::string_view key);

/// JSON with sorted keys, without `x-` keys: equal content gives equal text.
[[nodiscard]] std::string canonical_json(const Node& node);

/// One line of YAML flow text, for messages and parameter columns.
[[nodiscard]] std::string flow_text(const Node& node);

}  // namespace timeslice::scenarios
