// From files to one tree a variant: `extends` laid under, variants and command line laid over.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "scenarios/format/files.hpp"
#include "scenarios/format/load.hpp"
#include "scenarios/format/node.hpp"

namespace timeslice::scenarios {

/// The document in `source` over everything that it extends; nothing when a file cannot be read.
[[nodiscard]] std::optional<Node> read_document(Files& files, const Source& source,
                                                Reporter& reporter);

/// Where `key` points in a scenario: a parameter by its name, else a dotted path.
[[nodiscard]] Path locate(const Node& tree, const std::string& key);

/// Writes `value` at `path`; `machine.x` of a machine given by name becomes a change of it.
/// Whether it could.
[[nodiscard]] bool assign(Node& tree, const Path& path, const Node& value, const Mark& mark);

/// One what-if: "" is the base.
struct Variant {
  std::string name;
  Node tree;
};

/// The base and every variant of `base`, or only the one asked for, without the key `variants`.
[[nodiscard]] std::vector<Variant> expand_variants(const Node& base,
                                                   const std::optional<std::string>& only,
                                                   Reporter& reporter);

/// One `--set path=value` (`--machine M` is one of machine), read as YAML.
struct Setting {
  std::string key;
  Node value;
};
[[nodiscard]] std::vector<Setting> read_settings(Files& files, const Overrides& overrides,
                                                 Reporter& reporter);

}  // namespace timeslice::scenarios
