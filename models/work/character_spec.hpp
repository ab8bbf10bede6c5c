// What a piece of work does to the machine besides taking time: memory it walks over, lines it
// fights for, how much of a core it needs.
//
// Plain values, as scenarios say them. models/machine/character.hpp turns one into parts of time
// on a given machine.
#pragma once

#include <cstdint>
#include <optional>

#include "models/machine/cache_share.hpp"
#include "models/machine/memory_system.hpp"
#include "models/units.hpp"
#include "sim/time.hpp"

namespace timeslice::models {

enum class Pattern : std::uint8_t {
  code,    // python or native work with a duration; the rest is said beside it
  stream,  // lines one after the other: prefetched, so bandwidth decides
  random,  // lines anywhere, independent of one another: a core's open misses decide
  chase,   // each line's place is read from the one before: latency decides
  atomic,  // read-modify-write of one line
  store    // plain stores to one line: false sharing
};

enum class Where : std::uint8_t { automatic, l1, l2, l3, memory };

/// On which memory node the data lies.
enum class DataHome : std::uint8_t {
  first_touch,  // fresh data: where the thread is when the step begins
  home,         // the thread's own data: where it first ran such a step
  main,         // where the main thread first ran
  interleave,   // spread evenly over all nodes
  remote,       // a node of another package, else another node
  node,         // this one
  preferred     // this one while it has room, then the nearest others
};

/// `character` 0 of a step: none, the default of python and native steps.
inline constexpr std::uint32_t no_character = 0;

struct CharacterSpec {
  Pattern pattern = Pattern::code;
  Where where = Where::automatic;
  Bytes set{};         // what it walks over again and again, or once
  double write = 0.0;  // part of the lines that it also writes, 0..1
  DataHome place = DataHome::first_touch;
  std::uint32_t node = 0;  // of DataHome::node and preferred
  std::uint32_t line = 0;  // which shared line, of atomic and store

  // Of code.
  BytesPerSecond traffic{};  // to the last-level cache when alone: accesses times 64 B
  MissCurve misses{};        // empty: from `set`, at random; without a set all miss
  /// Of one miss, after what overlaps. Default: of ordinary programs, 22 cycles in the median of
  /// 14 sensitive SPEC programs (PBBCache table, docs/models/cache.md). Streaming: 1 ns; a chain:
  /// the latency.
  sim::Duration stall = std::chrono::nanoseconds{8};
  VectorClass vector = VectorClass::none;

  std::optional<double> smt_gain{};  // of two threads like it on one core; nothing: see page smt

  bool operator==(const CharacterSpec&) const = default;
};

}  // namespace timeslice::models
