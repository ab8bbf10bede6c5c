#include "scenarios/format/scaling.hpp"

#include <fmt/format.h>

#include "models/machine/turbo.hpp"

namespace timeslice::scenarios {
namespace {

models::SpeedFactors ratio(const models::SpeedFactors& to, const models::SpeedFactors& from) {
  return {.python = to.python / from.python,
          .native = to.native / from.native,
          .memory = to.memory / from.memory};
}

bool same_machine(const LoadedMachine& a, const LoadedMachine& b) {
  return a.canonical == b.canonical ||
         (a.kind == b.kind && a.file.machine.name == b.file.machine.name);
}

void scale_machine(const Origin& origin, const LoadedMachine& target, models::MachineSpec& machine,
                   std::vector<std::string>& warnings) {
  const models::SpeedFactors to = machine.speed;
  const bool known = machine.speed_known;
  machine.speed = {};
  machine.speed_known = true;
  if (origin.machine == nullptr || target.kind == LoadedMachine::Kind::ideal ||
      same_machine(*origin.machine, target)) {
    return;
  }
  const models::MachineSpec& from = origin.machine->file.machine;
  const bool comparable =
      known && from.speed_known && origin.machine->kind != LoadedMachine::Kind::ideal;
  if (comparable) {
    machine.speed = ratio(to, from.speed);
    return;
  }
  machine.speed_known = false;
  warnings.push_back(
      fmt::format("nobody measured how fast {} is against {}: durations are taken as they are",
                  machine.name, from.name));
}

bool same_python(const models::RuntimeSpec& a, const models::RuntimeSpec& b) {
  return a.version.same_line(b.version) && is_free_threaded(a) == is_free_threaded(b);
}

std::string python_name(const models::RuntimeSpec& runtime) {
  return fmt::format("CPython {}.{}{}", runtime.version.major, runtime.version.minor,
                     is_free_threaded(runtime) ? "t" : "");
}

void scale_runtime(const Origin& origin, models::RuntimeSpec& runtime,
                   std::vector<std::string>& warnings) {
  const models::SpeedFactors to = runtime.factor;
  const bool known = runtime.factor_known;
  runtime.factor = {};
  runtime.factor_known = true;
  const bool pythons = origin.runtime.has_value() &&
                       origin.runtime->language == models::Language::python &&
                       runtime.language == models::Language::python;
  if (!pythons || same_python(*origin.runtime, runtime)) {
    return;
  }
  if (known && origin.runtime->factor_known) {
    runtime.factor = ratio(to, origin.runtime->factor);
    return;
  }
  if (origin.runtime->version.same_line(runtime.version)) {
    return;  // what the GIL's absence costs is the model's own factor (free_threading)
  }
  runtime.factor_known = false;
  warnings.push_back(
      fmt::format("nobody measured how fast {} is against {}: durations are taken as they are",
                  python_name(runtime), python_name(*origin.runtime)));
}

/// Durations that were measured on a free-threaded build have its price in them.
void scale_build(const Origin& origin, models::RuntimeSpec& runtime) {
  if (!origin.runtime.has_value() || origin.runtime->language != models::Language::python ||
      runtime.language != models::Language::python || !is_free_threaded(*origin.runtime)) {
    return;
  }
  const double in_them = free_threading_stretch(*origin.runtime);
  if (is_free_threaded(runtime)) {
    runtime.gil.free_threading = free_threading_stretch(runtime) / in_them;
  } else {
    runtime.factor.python *= in_them;
  }
}

}  // namespace

models::Hertz clock_of_work(const Origin& origin, const LoadedMachine& target,
                            const models::MachineSpec& machine) {
  const bool same = origin.machine == nullptr || same_machine(*origin.machine, target);
  if (!same && target.kind != LoadedMachine::Kind::ideal &&
      origin.machine->kind != LoadedMachine::Kind::ideal && machine.speed_known &&
      origin.machine->file.machine.speed_known) {
    return models::lone_core_clock(origin.machine->file.machine);
  }
  return models::lone_core_clock(machine);
}

void scale(const Origin& origin, const LoadedMachine& target, models::MachineSpec& machine,
           models::RuntimeSpec& runtime, std::vector<std::string>& warnings) {
  scale_machine(origin, target, machine, warnings);
  if (target.kind == LoadedMachine::Kind::ideal) {
    runtime.factor = {};
    runtime.factor_known = true;
  } else {
    scale_runtime(origin, runtime, warnings);
  }
  scale_build(origin, runtime);
}

}  // namespace timeslice::scenarios
