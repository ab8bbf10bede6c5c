#include "models/machine/machine_spec.hpp"

namespace timeslice::models {

MachineCounts counts(const MachineSpec& machine) {
  return {.packages = machine.packages,
          .cores = static_cast<std::uint32_t>(machine.cores.size()),
          .cpus = static_cast<std::uint32_t>(machine.cpus.size()),
          .numa_nodes = static_cast<std::uint32_t>(machine.nodes.size())};
}

Bytes memory_of(const MachineSpec& machine) {
  Bytes sum;
  for (const NodeSpec& node : machine.nodes) {
    if (node.memory.count == 0) {
      return {};
    }
    sum = sum + node.memory;
  }
  return sum;
}

Relation relation_of(const MachineSpec& machine, CpuId a, CpuId b) {
  const CoreId core = machine.cpus[index_of(a)].core;
  const CoreId other = machine.cpus[index_of(b)].core;
  if (core == other) {
    return Relation::core;
  }
  const CoreSpec& one = machine.cores[index_of(core)];
  const CoreSpec& two = machine.cores[index_of(other)];
  if (one.package != two.package) {
    return Relation::machine;
  }
  return one.llc == two.llc ? Relation::llc : Relation::package;
}

OsCosts free_of_cost() {
  constexpr sim::Duration nothing = sim::Duration::zero();
  return {.context_switch = nothing,
          .wake_idle_cpu = nothing,
          .wake_idle_cpu_jitter = nothing,
          .wake_syscall = nothing,
          .syscall = nothing,
          .migration = nothing,
          .tick_cost = nothing,
          .thread_start = nothing,
          .thread_exit = nothing,
          .fork = nothing,
          .fork_per_mib = nothing,
          .process_exit = nothing,
          .pipe_message = nothing,
          .pipe_copy_per_kib = nothing,
          .page_fault = nothing,
          .idle_call = nothing,
          .idle_exit = nothing,
          .timer_set = nothing,
          .cold_refill = nothing,
          .cold_refill_half = nothing};
}

}  // namespace timeslice::models
