// A character of work on a given machine: which part of its time is what, and whom it shares with.
//
// Alone, with the whole last-level cache (LLC) and all memory to itself on the own node, a unit of
// work takes core + hit (1 - m) + miss m = 1, m = the ratio of LLC accesses that miss. Clock and
// hardware threads stretch `core`, neighbours in the LLC raise m, memory under load and remote
// memory stretch `miss`. Equation and constants: docs/models/memory-steps.md.
// Cost: once a character and run.
#pragma once

#include <cstdint>
#include <optional>

#include "models/machine/cache_share.hpp"
#include "models/machine/machine_spec.hpp"
#include "models/machine/memory_paths.hpp"
#include "models/work/character_spec.hpp"
#include "sim/result.hpp"

namespace timeslice::models {

inline constexpr double line_bytes = 64.0;

/// What going cold costs work, and what the work does to the data of others.
struct ColdSet {
  double set = 0.0;          // its data that may stay in caches [B]; 0: none, or not known
  double own = 0.0;          // a core's own caches [B]; 0: not known
  double own_ns = 0.0;       // of a byte that they lost
  double memory_ns = 0.0;    // of one that the LLC lost, besides
  double touched = 0.0;      // bytes that it walks over
  double walk = 0.0;         // bytes a ns
  bool at_once = false;      // code: nobody said how fast, so all of it in each turn
  bool never_stays = false;  // it always misses
};

struct Character {
  double core = 1.0;
  double hit = 0.0;   // if all its LLC accesses hit
  double miss = 0.0;  // if all missed
  /// Of the memory patterns: hardware threads of a core stretch hits and misses as well, since they
  /// share its ways out.
  bool core_path = false;
  bool latency_bound = false;  // misses wait for the latency, not for bandwidth
  double accesses = 0.0;       // of the LLC, a ns alone
  double bytes = 0.0;          // memory traffic a ns alone, if all missed
  double set = 0.0;            // of the LLC that it can use [B]
  MissCurve misses;
  double lone_ratio = 1.0;  // m when alone
  double core_use = -1.0;   // for models/machine/smt.hpp; below 0: as the machine's smt_gain says
  double clock = 1.0;       // of its class of instructions
  double unit_ns = 1.0;     // alone: of a line, an operation, or a ns of code
  DataHome place = DataHome::first_touch;
  std::uint32_t node = 0;
  ColdSet cold;
  double warm_up_ns = 0.0;      // of a move to another core of the same LLC ...
  double warm_up_far_ns = 0.0;  // ... and to one of another
  bool contends = false;        // for `line`
  std::uint32_t line = 0;

  [[nodiscard]] bool uses_cache() const { return accesses > 0.0; }
  [[nodiscard]] bool uses_memory() const { return bytes > 0.0; }
  /// Nothing but memory: the share of the cache does not matter to it.
  [[nodiscard]] bool only_memory() const {
    return uses_memory() && core == 0.0 && hit == 0.0 && misses.empty();
  }
};

/// Bytes of the LLC of `llc` that programs can use; 0: not known, or shared by nobody.
[[nodiscard]] double llc_bytes(const MachineSpec& machine, std::uint32_t llc);

/// What is wrong with `spec` on this machine, or nothing. `where` stays empty.
[[nodiscard]] std::optional<sim::Error> check_character(const CharacterSpec& spec,
                                                        const MachineSpec& machine);

/// Requires: check_character found nothing.
[[nodiscard]] Character character_of(const CharacterSpec& spec, const MachineSpec& machine);

}  // namespace timeslice::models
