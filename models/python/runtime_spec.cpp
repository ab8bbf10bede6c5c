#include "models/python/runtime_spec.hpp"

#include <array>

namespace timeslice::models {

namespace {

using CostField = sim::Duration PythonCosts::*;

constexpr std::array cost_fields{
    &PythonCosts::gil_take,
    &PythonCosts::lock,
    &PythonCosts::sync,
    &PythonCosts::thread_object,
    &PythonCosts::submit,
    &PythonCosts::item,
    &PythonCosts::thread_item,
    &PythonCosts::pool_put,
    &PythonCosts::pool_put_item,
    &PythonCosts::pool_get,
    &PythonCosts::pool_result,
    &PythonCosts::pool_store,
    &PythonCosts::pool_store_item,
    &PythonCosts::worker_handler_turn,
    &PythonCosts::pool_create,
    &PythonCosts::pool_import,
    &PythonCosts::process_object,
    &PythonCosts::fork_child,
    &PythonCosts::child_exit,
    &PythonCosts::spawn_parent,
    &PythonCosts::interpreter_start,
    &PythonCosts::spawn_exit,
    &PythonCosts::resource_tracker,
    &PythonCosts::forkserver_start,
    &PythonCosts::forkserver_child,
    &PythonCosts::forkserver_reap,
    &PythonCosts::cpp_task,
    &PythonCosts::imap_next,
    &PythonCosts::interpreter_create,
    &PythonCosts::interpreter_call,
    &PythonCosts::interpreter_close,
};

}  // namespace

PythonCosts python_free_of_cost() {
  PythonCosts costs;
  for (const CostField& field : cost_fields) {
    costs.*field = sim::Duration::zero();
  }
  costs.loop = scaled(costs.loop, 0.0);
  costs.executor = free_executor_costs();
  costs.payload = free_payload_costs();
  return costs;
}

sim::Duration poll_granularity(const RuntimeSpec& runtime) {
  constexpr sim::Duration opcode = std::chrono::nanoseconds{10};
  constexpr sim::Duration loop_body = std::chrono::nanoseconds{50};
  const bool at_most_opcodes = runtime.version < PythonVersion{.major = 3, .minor = 10};
  return runtime.gil.poll_granularity.value_or(at_most_opcodes ? opcode : loop_body);
}

double free_threading_stretch(const RuntimeSpec& runtime) {
  if (runtime.gil.free_threading) {
    return *runtime.gil.free_threading;
  }
  if (runtime.version < PythonVersion{.major = 3, .minor = 13}) {
    return 1.0;
  }
  return runtime.version < PythonVersion{.major = 3, .minor = 14} ? 1.40 : 1.10;
}

bool forkserver_preloads_main(const PythonVersion& version) {
  const PythonVersion repaired_13{.major = 3, .minor = 13, .patch = 8};
  const PythonVersion repaired_14{.major = 3, .minor = 14, .patch = 1};
  const bool line_14 = version >= PythonVersion{.major = 3, .minor = 14};
  return version >= (line_14 ? repaired_14 : repaired_13);
}

std::string to_text(const PythonVersion& version) {
  const std::string line = std::to_string(version.major) + "." + std::to_string(version.minor);
  return version.patch == PythonVersion::newest_patch ? line
                                                      : line + "." + std::to_string(version.patch);
}

}  // namespace timeslice::models
