#include "validation/theory/null_model.hpp"

#include <algorithm>

namespace timeslice::validation {

namespace {

using models::ExecutorKind;

WorkTotals slowed(WorkTotals work, double slowness) {
  work.python *= slowness;
  work.native *= slowness;
  return work;
}

/// Whether items of such an executor run under the GIL of the main process.
bool shares_the_gil(const models::WorldSpec& world, ExecutorKind kind) {
  return world.runtime.language == models::Language::python && world.runtime.gil.enabled &&
         kind != ExecutorKind::processes && kind != ExecutorKind::process_per_task &&
         kind != ExecutorKind::process_executor && kind != ExecutorKind::interpreters;
}

}  // namespace

NullPrediction null_model(const models::WorldSpec& world, const NativeProgram& program,
                          double slowness) {
  WorkTotals main = slowed(totals(program.main), slowness);
  double longest = 0.0;
  double gil = shares_the_gil(world, ExecutorKind::serial) ? main.python : 0.0;
  for (const Batch& batch : program.batches) {
    const ExecutorKind kind = world.executors[models::index_of(batch.executor)].kind;
    for (const std::uint32_t item : batch.items) {
      const WorkTotals work = slowed(totals(program.programs[item]), slowness);
      longest = std::max(longest, work.all());
      gil += shares_the_gil(world, kind) ? work.python : 0.0;
      if (kind == ExecutorKind::serial) {
        main += work;  // main's own thread runs it
      }
    }
  }
  const double cpu_ns = slowed(totals(program), slowness).cpu();
  const auto cpus = static_cast<double>(std::max<std::size_t>(world.machine.cpus.size(), 1));
  return {.makespan_ns = std::max({longest, main.all(), cpu_ns / cpus, gil}), .cpu_ns = cpu_ns};
}

}  // namespace timeslice::validation
