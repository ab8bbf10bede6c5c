// Small worlds for tests, in a few calls: machine, tasks, executors, main; then simulate.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "models/machine/regular.hpp"
#include "models/world.hpp"

namespace timeslice::models {

/// N cores on which nothing costs anything, FIFO without tick, a Python that costs nothing.
inline WorldSpec ideal_world(std::uint32_t cores) {
  WorldSpec world;
  world.machine = ideal_machine(cores);
  world.os = ideal_os();
  world.runtime.costs = python_free_of_cost();
  world.runtime.costs_known = true;
  return world;
}

/// N cores with the default costs, a fair scheduler with tick, CPython 3.11.
inline WorldSpec linux_world(std::uint32_t cores) {
  WorldSpec world;
  world.machine = ideal_machine(cores);
  world.machine.costs = OsCosts{};
  world.runtime.costs_known = true;
  return world;
}

inline WorldSpec cpp_world(std::uint32_t cores) {
  WorldSpec world = ideal_world(cores);
  world.runtime.language = Language::none;
  return world;
}

// Steps. Numbers are given out by `numbered`, in reading order.

inline Step python(sim::Duration duration) {
  return {.what = PythonStep{constant(duration)}};
}
inline Step native(sim::Duration duration, bool holds_gil = false) {
  return {.what = NativeStep{constant(duration), holds_gil}};
}
inline Step io(sim::Duration duration) {
  return {.what = IoStep{constant(duration)}};
}
inline Step sleep_for(sim::Duration duration) {
  return {.what = SleepStep{constant(duration)}};
}
inline Step repeat(std::uint64_t times, Steps body) {
  return {.what = RepeatStep{times, std::move(body)}};
}
inline Step with_lock(std::uint32_t lock, Steps body) {
  return {.what = WithStep{LockIndex{lock}, std::move(body)}};
}
inline Step call(std::uint32_t task) {
  return {.what = CallStep{TaskIndex{task}}};
}
inline Step map_items(std::uint64_t items, std::uint32_t task = 0, std::uint32_t executor = 0) {
  return {.what = MapStep{.task = TaskIndex{task},
                          .executor = ExecutorIndex{executor},
                          .items = items,
                          .chunksize = std::nullopt}};
}
inline Step submit(std::uint64_t items, std::uint32_t task = 0, std::uint32_t executor = 0,
                   std::uint32_t future = 0) {
  return {.what = SubmitStep{.task = TaskIndex{task},
                             .executor = ExecutorIndex{executor},
                             .items = items,
                             .as = FutureIndex{future}}};
}
inline Step join(std::uint32_t future = 0) {
  return {.what = JoinStep{FutureIndex{future}}};
}

inline void number_steps(Steps& steps, std::uint32_t& next) {
  for (Step& step : steps) {
    step.number = next++;
    if (auto* with = std::get_if<WithStep>(&step.what)) {
      number_steps(with->body, next);
    } else if (auto* again = std::get_if<RepeatStep>(&step.what)) {
      number_steps(again->body, next);
    } else if (auto* timeout = std::get_if<TimeoutStep>(&step.what)) {
      number_steps(timeout->body, next);
    } else if (auto* choose = std::get_if<ChooseStep>(&step.what)) {
      for (Choice& choice : choose->choices) {
        number_steps(choice.body, next);
      }
    }
  }
}

inline Steps numbered(Steps steps) {
  std::uint32_t next = 0;
  number_steps(steps, next);
  return steps;
}

inline void add_task(WorldSpec& world, std::string name, Steps steps) {
  world.tasks.push_back({.name = std::move(name), .steps = numbered(std::move(steps))});
}

inline ExecutorSpec& add_executor(WorldSpec& world, ExecutorKind kind, std::uint32_t workers = 0) {
  ExecutorSpec& executor = world.executors.emplace_back();
  executor.name = "pool" + std::to_string(world.executors.size() - 1);
  executor.kind = kind;
  if (workers > 0) {
    executor.workers = {.kind = WorkerCount::Kind::number, .number = workers};
  }
  return executor;
}

/// The world checks, runs and ends well.
inline Timings run_world(const WorldSpec& world, std::uint64_t seed = 1,
                         const WorldOptions& options = {}) {
  const std::vector<sim::Error> errors = check_world(world);
  EXPECT_TRUE(errors.empty()) << errors.front().where << ": " << errors.front().what;
  if (!errors.empty()) {
    return {};
  }
  Timings timings = simulate_world(world, seed, options);
  EXPECT_EQ(timings.status, RunStatus::ok) << timings.error;
  return timings;
}

/// The value of a metric; fails the test when there is none.
inline double metric(const Timings& timings, const std::string& name,
                     const std::string& entity = "") {
  for (const Metric& one : timings.metrics) {
    if (one.name == name && one.entity == entity) {
      return one.value;
    }
  }
  ADD_FAILURE() << "no metric " << name << "[" << entity << "]";
  return 0.0;
}

inline double in_ms(sim::Duration duration) {
  return static_cast<double>(duration.count()) / 1e6;
}

}  // namespace timeslice::models
