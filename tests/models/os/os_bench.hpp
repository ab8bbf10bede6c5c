// A small machine with its engine and dispatcher, for tests of the operating system's model.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "models/machine/machine_spec.hpp"
#include "models/os/dispatcher.hpp"
#include "models/os/os_spec.hpp"
#include "sim/engine.hpp"
#include "sim/random.hpp"
#include "sim/trace.hpp"

namespace timeslice::models::os_bench {

inline OsCosts no_costs() {
  const sim::Duration zero{};
  return {.context_switch = zero,
          .wake_idle_cpu = zero,
          .wake_idle_cpu_jitter = zero,
          .wake_syscall = zero,
          .syscall = zero,
          .migration = zero,
          .tick_cost = zero,
          .thread_start = zero,
          .thread_exit = zero,
          .fork = zero,
          .fork_per_mib = zero,
          .process_exit = zero,
          .pipe_message = zero,
          .pipe_copy_per_kib = zero,
          .page_fault = zero};
}

/// `cores` cores of `siblings` CPUs each, one package, one cache; nothing costs anything.
/// CPUs are numbered as Linux does: the first siblings of all cores first.
inline MachineSpec small_machine(std::uint32_t cores, std::uint32_t siblings = 1) {
  MachineSpec machine;
  machine.core_kinds = {CoreKindSpec{}};
  machine.cores.resize(cores);
  for (std::uint32_t cpu = 0; cpu < cores * siblings; ++cpu) {
    machine.cpus.push_back({.core = CoreId{cpu % cores}, .os_index = cpu});
  }
  machine.nodes.resize(1);
  machine.costs = no_costs();
  return machine;
}

/// Its own queue for each CPU, work-conserving, no tick, no timer slack.
inline OsSpec quiet_os(PolicyKind kind, sim::Duration slice) {
  OsSpec os = ideal_os();
  os.policy = {.kind = kind,
               .scope = QueueScope::per_cpu,
               .slice = slice,
               .scale_by_cpus = false,
               .wakeup_preemption = true,
               .protect = Protection::none};
  return os;
}

/// Everything that a program needs; owns the specs, since the dispatcher only refers to them.
class World {
 public:
  World(MachineSpec its_machine, OsSpec its_os, std::uint64_t seed = 1)
      : machine{std::move(its_machine)},
        os{std::move(its_os)},
        random{seed},
        trace{&sink},
        dispatcher{engine, trace, random, machine, os} {}

  ThreadId add(const ThreadSpec& spec = {}) { return dispatcher.create_thread(spec); }
  void start(ThreadId thread, Program program) {
    dispatcher.start(thread, std::move(program), WakeCause{});
  }

  sim::StopReason run(const sim::Limits& limits = {}) { return engine.run(*this, limits); }
  sim::StopReason run_until(sim::Duration when) {
    sim::Limits limits;
    limits.time = sim::Instant{when};
    return engine.run(*this, limits);
  }
  void handle(sim::Due due) { dispatcher.handle(due); }

  [[nodiscard]] sim::Duration now() const { return engine.now().time_since_epoch(); }
  [[nodiscard]] sim::FramePool& frame_pool() { return engine.frame_pool(); }

  /// `co_await world.work(thread, 5ms)`
  auto work(ThreadId thread, sim::Duration length, WorkKind kind = WorkKind::native) {
    return dispatcher.run(thread,
                          {.kind = kind, .nominal_ns = static_cast<double>(length.count())});
  }

  MachineSpec machine;
  OsSpec os;
  sim::MemorySink sink;
  sim::Engine engine;
  sim::Random random;
  sim::Trace trace;
  Dispatcher dispatcher;
};

/// Computes once and ends.
inline Program compute(World& world, ThreadId thread, sim::Duration length) {
  co_await world.work(thread, length);
}

}  // namespace timeslice::models::os_bench
