// Text -> Node tree, with the guards that untrusted YAML needs.
//
// Refused with a place: not UTF-8, NUL, more than 1 MiB, more than 64 levels, more than 100 000
// nodes after alias expansion, more than 1000 alias uses, cycles, duplicate keys, tags, merge keys
// (`<<`), a second document, keys that are not scalars. Cost: linear in the text.
#pragma once

#include <optional>

#include "scenarios/format/node.hpp"
#include "scenarios/format/source.hpp"

namespace timeslice::scenarios {

inline constexpr std::size_t max_file_bytes = std::size_t{1} << 20;
inline constexpr std::size_t max_depth = 64;
inline constexpr std::size_t max_nodes = 100'000;
inline constexpr std::size_t max_aliases = 1000;

/// The document in `source`; nothing when it cannot be read at all (the reporter knows why).
/// Duplicate keys and the like are reported and reading goes on, so that all errors show at once.
[[nodiscard]] std::optional<Node> read_yaml(const Source& source, Reporter& reporter);

}  // namespace timeslice::scenarios
