// Reads the keys of one map by the table of keys.
//
// The table decides type, unit, range and words; a reader only says where a value goes. Unknown
// keys, missing ones and bad values are reported with their place, and the target keeps what it
// held: the defaults of the *Spec structs.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/units.hpp"
#include "models/work/distribution.hpp"
#include "scenarios/format/files.hpp"
#include "scenarios/format/keys.hpp"
#include "scenarios/format/node.hpp"
#include "scenarios/format/number.hpp"
#include "sim/time.hpp"

namespace timeslice::scenarios {

/// What all readers of one point share.
struct Reading {
  Reporter& reporter;
  Files& files;
  std::vector<std::string>& warnings;
  std::vector<std::string>& contents;  // fingerprints of files read in, for the point's key
};

class Fields {
 public:
  /// Reports unknown keys, keys for later, and required keys that are missing.
  Fields(const Reading& reading, const Node& map, const Section& section);
  Fields(const Fields&) = delete;
  Fields& operator=(const Fields&) = delete;
  /// Checks that every key of the table was asked for: one that nobody reads would be a lie.
  ~Fields();

  [[nodiscard]] const Node& node() const { return map_; }
  [[nodiscard]] bool has(std::string_view key) const { return map_.find(key) != nullptr; }

  /// The value of `key` when it is there and usable at all; marks the key as read.
  [[nodiscard]] const Node* find(std::string_view key);

  // Each says whether the key was there and good; the type must be the table's.
  bool read(std::string_view key, std::string& into);
  bool read(std::string_view key, bool& into);
  bool read(std::string_view key, double& into);
  bool read(std::string_view key, sim::Duration& into);
  bool read(std::string_view key, models::Bytes& into);
  bool read(std::string_view key, models::Hertz& into);
  bool read(std::string_view key, models::BytesPerSecond& into);
  bool read(std::string_view key, models::Distribution& into);
  template <std::unsigned_integral Count>
  bool read(std::string_view key, Count& into) {
    const std::optional<std::uint64_t> value = count(key);
    into = value.has_value() ? static_cast<Count>(*value) : into;
    return value.has_value();
  }

  /// The word of a choice, or of a key that takes words besides its type (nothing: no such word).
  [[nodiscard]] std::optional<std::string> choice(std::string_view key);

  /// The map, list or steps at `key`, when it is one.
  [[nodiscard]] const Node* map(std::string_view key);
  [[nodiscard]] const Node* list(std::string_view key);
  /// A map from names to things: names are checked, sorted order is the caller's business.
  [[nodiscard]] const Node* names(std::string_view key);
  [[nodiscard]] std::vector<std::string> texts(std::string_view key);
  [[nodiscard]] std::vector<std::uint64_t> counts(std::string_view key);

  void error(std::string_view key, std::string code, std::string what, std::string advice);
  [[nodiscard]] const Reading& reading() const { return reading_; }

 private:
  [[nodiscard]] const Key& key_of(std::string_view key, Type type) const;
  [[nodiscard]] const Node* scalar(const Key& key);
  [[nodiscard]] std::optional<std::uint64_t> count(std::string_view key);
  [[nodiscard]] bool in_range(const Key& key, const Node& node, double value);
  void report(const Key& key, const Node& node, const Problem& problem);
  void check_keys();

  const Reading& reading_;
  const Node& map_;
  const Section& section_;
  std::uint64_t read_ = 0;  // one bit a key of the section
};

/// "'workers'", with the key's name put into a problem's text.
[[nodiscard]] std::string with_key(std::string text, std::string_view key);

/// Whether `text` can name a task, a lock and the like.
[[nodiscard]] bool is_name(std::string_view text);

/// Says what a node is, for "must be a map, not a list".
[[nodiscard]] std::string_view noun_of(const Node& node);

}  // namespace timeslice::scenarios
