// The grammar of the hold-out set: which programs can be drawn, and how likely each is.
//
// It covers every executor kind that runs natively, and what users vary: workers from 1 to twice
// the CPUs, start methods, tasks of 0.1 to 50 ms (log-uniform), mixes of bytecode, C code and
// waits, payloads of 1 kB to 1 MB, chunk sizes, locks, queues, events, barriers. It knows nothing
// of the models and nothing of their errors. Changing it changes every later set: then raise
// grammar_version, so that the log tells the sets apart.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "validation/holdout/design.hpp"
#include "validation/holdout/dice.hpp"

namespace timeslice::validation {

constexpr int grammar_version = 1;

/// The classes of scenario, named as group_of() names them.
[[nodiscard]] std::span<const std::string_view> holdout_classes();

/// What a pair's two designs differ in: "workers", "kind", "chunk".
[[nodiscard]] std::span<const std::string_view> pair_questions();

/// A program of this class; its nominal makespan may lie anywhere.
[[nodiscard]] Design draw_design(std::string_view group, std::uint32_t cpus, Dice& dice);

/// Two designs for the same work that differ in `question`: the second as Design::other.
[[nodiscard]] Design draw_pair(std::string_view question, std::uint32_t cpus, Dice& dice);

}  // namespace timeslice::validation
