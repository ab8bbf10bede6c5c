// Ablation: what the error of a prediction would be if the model left one effect out.
//
// Each accepted run is simulated again, with its own speed index, in a world without the effect
// (models::without). An effect whose absence changes nothing was not tested by the scenario; one
// whose absence makes the error smaller is a suspect. Cost: a simulation an effect and run.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/world_spec.hpp"

namespace timeslice::validation {

/// A world that lacks one effect.
struct AblatedWorld {
  std::string_view effect;
  models::WorldSpec world;
};

/// One world an effect: gil, start, ipc, switch, contention, rest (the wandering speed); cold
/// (library code that cools), guest (that, and all else that cools or is an exit to a host); and
/// balance, which is a scheduler that leaves no CPU idle beside a waiting thread.
[[nodiscard]] std::vector<AblatedWorld> ablated(const models::WorldSpec& world);

/// Median of predicted / measured - 1 without the effect.
struct AblationRow {
  std::string effect;
  std::optional<double> error;  // nothing: some run did not end well without it
};

/// Makespans [ns] of a run: measured, and predicted without each effect (0: did not end well).
struct AblatedRun {
  double measured = 0.0;
  std::vector<double> predicted;  // in the order of `effects`
};
[[nodiscard]] std::vector<AblationRow> ablation_of(std::span<const std::string_view> effects,
                                                   std::span<const AblatedRun> runs);

}  // namespace timeslice::validation
