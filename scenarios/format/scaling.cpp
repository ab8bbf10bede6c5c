#include "scenarios/format/scaling.hpp"

#include <fmt/format.h>

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
  return a.version == b.version && a.gil.enabled == b.gil.enabled;
}

std::string python_name(const models::RuntimeSpec& runtime) {
  return fmt::format("CPython {}.{}{}", runtime.version.major, runtime.version.minor,
                     runtime.gil.enabled ? "" : " without GIL");
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
    return;  // patches are alike; without a GIL the model has its own factor (free_threading)
  }
  runtime.factor_known = false;
  warnings.push_back(
      fmt::format("nobody measured how fast {} is against {}: durations are taken as they are",
                  python_name(runtime), python_name(*origin.runtime)));
}

}  // namespace

void scale(const Origin& origin, const LoadedMachine& target, models::MachineSpec& machine,
           models::RuntimeSpec& runtime, std::vector<std::string>& warnings) {
  scale_machine(origin, target, machine, warnings);
  if (target.kind == LoadedMachine::Kind::ideal) {
    runtime.factor = {};
    runtime.factor_known = true;
    return;
  }
  scale_runtime(origin, runtime, warnings);
}

}  // namespace timeslice::scenarios
