#include "models/python/runtime_spec.hpp"

#include <array>

namespace timeslice::models {

namespace {

using CostField = sim::Duration PythonCosts::*;

constexpr std::array cost_fields{
    &PythonCosts::gil_take,
    &PythonCosts::lock,
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
    &PythonCosts::resource_tracker,
    &PythonCosts::forkserver_start,
    &PythonCosts::forkserver_child,
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
  costs.executor = free_executor_costs();
  costs.payload = free_payload_costs();
  return costs;
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

}  // namespace timeslice::models
