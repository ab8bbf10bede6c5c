#include "validation/native/native_run.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <utility>

#include <unistd.h>

#include "validation/statistics.hpp"

namespace timeslice::validation {

void add_metrics(const NativeUsage& usage, models::Timings& timings) {
  const auto add = [&](const char* name, const char* entity, const char* unit, double value) {
    timings.metrics.push_back({.name = name, .entity = entity, .unit = unit, .value = value});
  };
  const auto add_part = [&](const char* entity, const UsagePart& part) {
    add("cpu_time", entity, "ns", sim::as_ns(part.cpu));
    add("switches_involuntary", entity, "count", static_cast<double>(part.involuntary));
    add("switches_voluntary", entity, "count", static_cast<double>(part.voluntary));
  };
  timings.makespan = usage.makespan;
  add("makespan", "", "ns", sim::as_ns(usage.makespan));
  add("tasks_done", "", "count", static_cast<double>(usage.items));
  if (!usage.alone) {
    add_part(main_process, usage.own);
  }
  if (!usage.alone && usage.children) {
    add_part(worker_processes, *usage.children);
  }
  if (!usage.alone && !usage.children) {
    return;
  }
  const UsagePart children = usage.children.value_or(UsagePart{});
  const UsagePart all{.cpu = usage.own.cpu + children.cpu,
                      .voluntary = usage.own.voluntary + children.voluntary,
                      .involuntary = usage.own.involuntary + children.involuntary};
  const double capacity = sim::as_ns(usage.makespan) * static_cast<double>(usage.cpus);
  add_part("", all);
  add("cpu_utilization", "", "1", capacity > 0.0 ? sim::as_ns(all.cpu) / capacity : 0.0);
  add("idle_time", "", "ns", std::max(0.0, capacity - sim::as_ns(all.cpu)));
}

void add_latencies(const std::string& task, std::vector<std::int64_t> latencies,
                   models::Timings& timings) {
  if (latencies.empty()) {
    return;
  }
  std::ranges::sort(latencies);
  const std::vector<double> values(latencies.begin(), latencies.end());
  const auto add = [&](const char* name, double value) {
    timings.metrics.push_back({.name = name, .entity = task, .unit = "ns", .value = value});
  };
  add("task_latency_mean", mean(values));
  add("task_latency_p50", quantile(values, 0.50));
  add("task_latency_p95", quantile(values, 0.95));
  add("task_latency_p99", quantile(values, 0.99));
  models::Timings::Latencies kept{.task = task, .nanoseconds = {}};
  const std::size_t count = std::min(latencies.size(), models::max_latencies);
  for (std::size_t i = 0; i < count; ++i) {
    kept.nanoseconds.push_back(latencies[(2 * i + 1) * latencies.size() / (2 * count)]);
  }
  timings.latencies.push_back(std::move(kept));
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
