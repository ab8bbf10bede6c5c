#include "validation/native/native_run.hpp"

#include <algorithm>
#include <array>
#include <fstream>

#include <unistd.h>

namespace timeslice::validation {

void add_metrics(const NativeUsage& usage, models::Timings& timings) {
  const double capacity = sim::as_ns(usage.makespan) * static_cast<double>(usage.cpus);
  const auto add = [&](const char* name, const char* unit, double value) {
    timings.metrics.push_back({.name = name, .entity = "", .unit = unit, .value = value});
  };
  timings.makespan = usage.makespan;
  add("cpu_time", "ns", sim::as_ns(usage.cpu));
  add("cpu_utilization", "1", capacity > 0.0 ? sim::as_ns(usage.cpu) / capacity : 0.0);
  add("idle_time", "ns", std::max(0.0, capacity - sim::as_ns(usage.cpu)));
  add("makespan", "ns", sim::as_ns(usage.makespan));
  add("switches_involuntary", "count", static_cast<double>(usage.involuntary));
  add("switches_voluntary", "count", static_cast<double>(usage.voluntary));
  add("tasks_done", "count", static_cast<double>(usage.items));
}

HostCpuTimes host_cpu_times() {
  // Columns of the first line: user nice system idle iowait irq softirq steal (proc(5)).
  std::ifstream file{"/proc/stat"};
  std::string label;
  file >> label;
  std::array<std::int64_t, 8> ticks{};
  for (std::int64_t& column : ticks) {
    file >> column;
  }
  const std::int64_t tick_ns = 1'000'000'000 / std::max(1L, ::sysconf(_SC_CLK_TCK));
  const std::int64_t busy = ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6];
  return {.busy = sim::Duration{busy * tick_ns}, .steal = sim::Duration{ticks[7] * tick_ns}};
}

void note_disturbance(const HostCpuTimes& before, const HostCpuTimes& after, sim::Duration own,
                      NativeRun& run) {
  run.foreign_cpu = std::max(sim::Duration::zero(), after.busy - before.busy - own);
  run.steal = std::max(sim::Duration::zero(), after.steal - before.steal);
}

}  // namespace timeslice::validation
