// Small worlds for the tests of validation, built without a file.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "models/world_spec.hpp"
#include "scenarios/format/scenario.hpp"
#include "validation/calibrate/host_calibration.hpp"

namespace timeslice::validation {

using models::Step;
using models::Steps;

inline models::MachineSpec two_cpus() {
  models::MachineSpec machine;
  machine.name = "host";
  machine.core_kinds.push_back({});
  for (std::uint32_t i = 0; i < 2; ++i) {
    machine.cores.push_back({});
    machine.cpus.push_back({.core = models::CoreId{i}, .os_index = i});
  }
  return machine;
}

inline Step python(sim::Duration duration) {
  return {.what = models::PythonStep{models::constant(duration)}};
}
inline Step native(sim::Duration duration) {
  return {.what = models::NativeStep{.duration = models::constant(duration)}};
}
inline Step sleep(sim::Duration duration) {
  return {.what = models::SleepStep{models::constant(duration)}};
}

inline void number_steps(Steps& steps, std::uint32_t& next) {
  for (Step& step : steps) {
    step.number = next++;
    if (auto* repeat = std::get_if<models::RepeatStep>(&step.what)) {
      number_steps(repeat->body, next);
    } else if (auto* with = std::get_if<models::WithStep>(&step.what)) {
      number_steps(with->body, next);
    }
  }
}

/// One task on one executor, mapped once by main.
inline models::WorldSpec mapped(Steps task, std::uint64_t items, models::ExecutorKind kind,
                                std::uint32_t workers) {
  models::WorldSpec world;
  world.machine = two_cpus();
  std::uint32_t next = 0;
  number_steps(task, next);
  world.tasks.push_back({.name = "task", .steps = std::move(task)});
  models::ExecutorSpec executor;
  executor.name = "pool";
  executor.kind = kind;
  executor.workers = {.kind = models::WorkerCount::Kind::number, .number = workers};
  world.executors.push_back(executor);
  models::MapStep map;
  map.items = items;
  world.main.push_back({.what = map});
  if (kind == models::ExecutorKind::cpp_threads || kind == models::ExecutorKind::cpp_async) {
    world.runtime.language = models::Language::none;
  }
  return world;
}

inline scenarios::Scenario scenario_of(models::WorldSpec world) {
  scenarios::Scenario scenario;
  scenario.name = "test";
  scenario.world = std::move(world);
  return scenario;
}

/// A calibration with round numbers, for runs whose timing no test looks at.
inline HostCalibration rough_calibration() {
  HostCalibration calibration;
  calibration.python = "/usr/bin/python3";
  calibration.version = {.major = 3, .minor = 11};
  calibration.cpus = allowed_cpus();
  calibration.python_kernel = {.fixed_ns = 500.0, .per_iteration_ns = 50.0};
  calibration.native_kernel = {.fixed_ns = 2000.0, .per_iteration_ns = 250.0};
  calibration.held_kernel = {.fixed_ns = 500.0, .per_iteration_ns = 8.0};
  calibration.cpp_kernel = {.fixed_ns = 100.0, .per_iteration_ns = 1.5};
  return calibration;
}

}  // namespace timeslice::validation
