// Who draws what: the keys under which the steps of a scenario draw their durations and branches.
//
// A key depends on the task, the item and the step alone, never on the executor, on the order of
// execution or on the point of a sweep: two designs see the same work, and so does a native run.
// An item that main hands over is numbered in program order, per task, from 0. An item that a
// task hands over, and a task that is called inline, get a number mixed from where that happened.
// Cost: a few arithmetic operations.
#pragma once

#include <cstdint>
#include <string_view>

#include "sim/random.hpp"

namespace timeslice::models {

/// What the draws of one run of a task's steps are keyed by.
struct DrawScope {
  std::uint32_t task = 0;   // task_key
  std::uint32_t item = 0;   // which item of that task
  std::uint32_t count = 0;  // which turn of the enclosing loops; 0 outside of loops
};

/// Mixes `value` into `hash`: 32-bit finaliser of MurmurHash3 (public domain), well spread.
[[nodiscard]] constexpr std::uint32_t mix(std::uint32_t hash, std::uint32_t value) {
  std::uint32_t mixed = hash * 0x9E3779B1U + value + 0x7F4A7C15U;
  mixed = (mixed ^ (mixed >> 16U)) * 0x85EBCA6BU;
  mixed = (mixed ^ (mixed >> 13U)) * 0xC2B2AE35U;
  return mixed ^ (mixed >> 16U);
}

/// The key of a task.
[[nodiscard]] constexpr std::uint32_t task_key(std::string_view name) {
  std::uint32_t hash = 0x811C9DC5U;  // FNV-1a, 32 bits
  for (const char letter : name) {
    hash = (hash ^ static_cast<unsigned char>(letter)) * 0x01000193U;
  }
  return mix(hash, static_cast<std::uint32_t>(name.size()));
}

/// Scope of the main program's own steps.
[[nodiscard]] constexpr DrawScope main_scope() {
  return {.task = task_key("(main)")};
}

/// Scope of turn `turn` (from 0) of a loop whose step stands in `outer`.
[[nodiscard]] constexpr DrawScope loop_scope(const DrawScope& outer, std::uint64_t turn) {
  const auto low = static_cast<std::uint32_t>(turn);
  return {.task = outer.task,
          .item = outer.item,
          .count = outer.count == 0 ? low + 1 : mix(outer.count, low)};
}

/// Number of what step `step` of `parent` calls (index 0). Items that it hands over count on from
/// there: the i-th has this number plus i.
[[nodiscard]] constexpr std::uint32_t nested_item(const DrawScope& parent, std::uint32_t step,
                                                  std::uint32_t index) {
  return mix(mix(mix(mix(parent.task, parent.item), step), parent.count), index);
}

/// Scope of a called task: `step` of `parent` calls the task with key `callee`.
[[nodiscard]] constexpr DrawScope call_scope(const DrawScope& parent, std::uint32_t step,
                                             std::uint32_t callee) {
  return {.task = callee, .item = nested_item(parent, step, 0), .count = 0};
}

/// Key of step `step` in `scope`.
[[nodiscard]] inline sim::DrawKey draw_key(const DrawScope& scope, std::uint32_t step) {
  return {.task = scope.task, .item = scope.item, .step = step, .count = scope.count};
}

}  // namespace timeslice::models
