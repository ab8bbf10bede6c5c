// The clock by how many cores of a package are at work.
//
// A machine's table says "up to so many active cores: this frequency" and counts for what it names.
// Where it ends before the package does, the rest is a guess: the frequency of the last entry up to
// 2 active cores, then linear down to 0.85 of it at all cores, never below base, in whole steps of
// 100 MHz (the step of x86 multipliers). Without a table the clock is constant.
// Cost: the table is built once; a question is one array access.
#pragma once

#include <cstdint>
#include <vector>

#include "models/machine/machine_spec.hpp"

namespace timeslice::models {

/// All-core clock where nobody gave it, relative to the highest. Guess.
inline constexpr double all_core_clock_default = 0.85;

/// Clock with n active cores relative to one active core, by n up to `cores`; [0] is 1. Empty if
/// it never changes. Requires: frequencies > 0, steps ascend in cores.
[[nodiscard]] std::vector<double> turbo_factors(const MachineSpec& machine, std::uint32_t cores);

/// Whether the table says nothing about all cores of the largest package at work.
[[nodiscard]] bool turbo_is_guessed(const MachineSpec& machine);

/// The clock of a core that is alone at work: durations and cycles per instruction refer to it.
/// 0: nobody said.
[[nodiscard]] Hertz lone_core_clock(const MachineSpec& machine);

}  // namespace timeslice::models
