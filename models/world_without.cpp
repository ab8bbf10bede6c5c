// Effects switched off one by one: what the cost waterfall and ablations are made of.
#include "models/world_spec.hpp"

namespace timeslice::models {

namespace {

constexpr sim::Duration none{};

void drop_start_costs(WorldSpec& world) {
  OsCosts& os = world.machine.costs;
  for (sim::Duration* cost :
       {&os.thread_start, &os.thread_exit, &os.fork, &os.fork_per_mib, &os.process_exit}) {
    *cost = none;
  }
  PythonCosts& python = world.runtime.costs;
  for (sim::Duration* cost :
       {&python.thread_object, &python.pool_create, &python.pool_import, &python.process_object,
        &python.fork_child, &python.child_exit, &python.spawn_parent, &python.interpreter_start,
        &python.spawn_exit, &python.resource_tracker, &python.forkserver_start,
        &python.forkserver_child, &python.forkserver_reap, &python.executor.create,
        &python.interpreter_create, &python.interpreter_close}) {
    *cost = none;
  }
  for (sim::Duration* cost :
       {&python.loop.loop_create, &python.loop.loop_run, &python.loop.loop_close}) {
    *cost = none;
  }
  for (ExecutorSpec& executor : world.executors) {
    executor.import_cost = none;
    executor.memory = {};
    executor.touches = {};
  }
}

void drop_ipc_costs(WorldSpec& world) {
  OsCosts& os = world.machine.costs;
  os.pipe_message = none;
  os.pipe_copy_per_kib = none;
  os.page_fault = none;
  PythonCosts& python = world.runtime.costs;
  for (sim::Duration* cost :
       {&python.submit, &python.item, &python.thread_item, &python.pool_put, &python.pool_get,
        &python.pool_result, &python.pool_store, &python.worker_handler_turn, &python.cpp_task,
        &python.imap_next, &python.interpreter_call, &python.pool_put_item,
        &python.pool_store_item}) {
    *cost = none;
  }
  const EventLoopCosts loop = python.loop;
  python.loop = scaled(loop, 0.0);
  python.loop.loop_create = loop.loop_create;
  python.loop.loop_run = loop.loop_run;
  python.loop.loop_close = loop.loop_close;
  const sim::Duration create = python.executor.create;  // a cost of starting
  python.executor = free_executor_costs();
  python.executor.create = create;
  python.payload = free_payload_costs();
  world.machine.cold_code.factor = 0.0;
}

void drop_switch_costs(WorldSpec& world) {
  OsCosts& os = world.machine.costs;
  for (sim::Duration* cost :
       {&os.context_switch, &os.wake_idle_cpu, &os.wake_idle_cpu_jitter, &os.wake_by_timer,
        &os.wake_syscall, &os.syscall, &os.migration, &os.tick_cost, &os.cold_refill, &os.idle_call,
        &os.idle_exit, &os.timer_set, &world.machine.cold_code.resume,
        &world.machine.cold_code.start}) {
    *cost = none;
  }
  world.machine.memory_system.cools_caches = false;
  world.os.timer_slack = none;
  world.os.timer_latency = none;
  world.runtime.costs.gil_take = none;
  world.runtime.costs.lock = none;
  world.runtime.costs.sync = none;
}

/// No lock, and none of what a build without one costs instead.
void drop_gil(RuntimeSpec& runtime) {
  runtime.gil.enabled = false;
  runtime.gil.free_threading = 1.0;
  runtime.gil.collector.new_object_every = none;
  runtime.gil.contended = 0.0;
}

/// CPUs keep their speed and work for the program alone.
void drop_rest(WorldSpec& world) {
  MachineSpec& machine = world.machine;
  machine.speed_over_time.clear();
  machine.interruptions.every = none;
  world.background.clear();
}

/// Siblings, neighbours of a cache or a memory node, and busy cores do not slow each other.
void drop_contention(MachineSpec& machine) {
  machine.smt_gain = 2.0;
  machine.turbo.clear();
  machine.memory_system.shares_bandwidth = false;
  machine.memory_system.shares_cache = false;
  machine.memory_system.contends_lines = false;
}

}  // namespace

WorldSpec without(WorldSpec world, Effect effect) {
  switch (effect) {
    case Effect::gil:
      drop_gil(world.runtime);
      break;
    case Effect::start_cost:
      drop_start_costs(world);
      break;
    case Effect::ipc_cost:
      drop_ipc_costs(world);
      break;
    case Effect::switch_cost:
      drop_switch_costs(world);
      break;
    case Effect::contention:
      drop_contention(world.machine);
      break;
    case Effect::rest:
      drop_rest(world);
      break;
  }
  return world;
}

}  // namespace timeslice::models
