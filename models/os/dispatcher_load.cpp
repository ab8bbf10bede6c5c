#include <algorithm>

#include "models/os/dispatcher_state.hpp"
#include "models/os/linux_balance.hpp"

namespace timeslice::models {

void Dispatcher::State::note_load(std::uint32_t cpu) {
  Cpu& it = cpus[cpu];
  if (queues.has_classes()) {
    it.stopped = queues.classes_stop(cpu);
  }
  if (!balances) {
    return;
  }
  const bool running = it.thread != nobody;
  const std::uint32_t waiting = it.waiting - std::min(it.waiting, it.stopped);
  const bool spoken_for = !running && waiting > 0;  // the CPU wakes up for one of them
  const CpuLoad load{.threads = waiting + (running ? 1U : 0U),
                     .movable = waiting - (spoken_for ? 1U : 0U)};
  const CpuLoad before = loads.of(cpu);
  if (load == before && it.waiting_bound == 0 && it.counted_movable == load.movable) {
    return;
  }
  settle_idle_account();
  movable_threads -= it.counted_movable;
  it.counted_movable = load.movable - std::min(load.movable, it.waiting_bound);
  movable_threads += it.counted_movable;
  loads.set(cpu, load);
  if (linux_balance) {
    linux_balance->load_noted(before, load);
  }
}

void Dispatcher::State::resume_waiting(std::uint32_t cpu, const Crowd& count) {
  if (per_cpu) {
    cpus[cpu].waiting += count.all;
    cpus[cpu].waiting_bound += count.bound;
    return;
  }
  shared_waited_ns = shared_waited(now());
  shared_since = now();
  shared_waiting += count.all;
  if (states != nullptr) {
    states->queue_waits(shared_waiting > 0, now());
  }
}

void Dispatcher::State::stop_waiting(std::uint32_t cpu, const Crowd& count) {
  if (per_cpu) {
    cpus[cpu].waiting -= count.all;
    cpus[cpu].waiting_bound -= count.bound;
    if (cpus[cpu].waiting == 0 && !queues.has_classes()) {
      cpus[cpu].slice_end = never;
      cpus[cpu].balance_tick = never;
    }
    return;
  }
  shared_waited_ns = shared_waited(now());
  shared_since = now();
  shared_waiting -= count.all;
  if (states != nullptr) {
    states->queue_waits(shared_waiting > 0, now());
  }
}

}  // namespace timeslice::models
