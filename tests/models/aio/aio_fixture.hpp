// Steps of coroutines for tests, and the worlds that they run in.
#pragma once

#include <optional>
#include <utility>

#include "tests/models/world_fixture.hpp"

namespace timeslice::models {

inline Step await_sleep(sim::Duration duration) {
  return {.what = AwaitStep{.what = AwaitStep::What::sleep, .duration = constant(duration)}};
}
inline Step await_io(sim::Duration duration) {
  return {.what = AwaitStep{.what = AwaitStep::What::io, .duration = constant(duration)}};
}
/// The coroutine itself, or with an executor the task there.
inline Step await_task(std::uint32_t task, std::optional<std::uint32_t> executor = {}) {
  AwaitStep step{.what = AwaitStep::What::task, .task = TaskIndex{task}};
  if (executor) {
    step.executor = ExecutorIndex{*executor};
  }
  return {.what = step};
}
inline Step give_up_after(sim::Duration duration, Steps body) {
  return {.what = TimeoutStep{constant(duration), std::move(body)}};
}
/// From main in executor 0, in a coroutine in its own loop or where it says.
inline Step gather(std::uint64_t items, std::uint32_t task = 0,
                   std::optional<std::uint32_t> executor = 0) {
  GatherStep step{.task = TaskIndex{task}, .items = items};
  if (executor) {
    step.executor = ExecutorIndex{*executor};
  }
  return {.what = step};
}

/// Executor 0 is a loop in main's thread, executor 1 a thread pool.
inline void add_loop_and_threads(WorldSpec& world, std::uint32_t threads) {
  add_executor(world, ExecutorKind::asyncio);
  add_executor(world, ExecutorKind::threads, threads);
}

}  // namespace timeslice::models
