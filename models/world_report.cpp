#include "models/world_report.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include "models/machine/turbo.hpp"
#include "models/work/periodic.hpp"
#include "models/world_report_gil.hpp"
#include "models/world_report_memory.hpp"
#include "models/world_report_use.hpp"
#include "sim/histogram.hpp"

namespace timeslice::models {

namespace {

struct Report {
  Context& world;
  Timings& timings;
  sim::Duration makespan;

  void add(const char* name, std::string entity, const char* unit, double value) const {
    timings.metrics.push_back(
        {.name = name, .entity = std::move(entity), .unit = unit, .value = value});
  }
};

/// Nearest rank: the smallest value that at least a share `q` of all does not exceed.
double quantile(const std::vector<std::int64_t>& sorted, double q) {
  const double rank = std::ceil(q * static_cast<double>(sorted.size()));
  const std::size_t index = rank < 1.0 ? 0 : static_cast<std::size_t>(rank) - 1;
  return static_cast<double>(sorted[std::min(index, sorted.size() - 1)]);
}

double mean(const std::vector<std::int64_t>& values) {
  double sum = 0.0;
  for (const std::int64_t value : values) {
    sum += static_cast<double>(value);
  }
  return sum / static_cast<double>(values.size());
}

std::vector<std::int64_t> thinned(const std::vector<std::int64_t>& sorted) {
  if (sorted.size() <= max_latencies) {
    return sorted;
  }
  std::vector<std::int64_t> kept;
  kept.reserve(max_latencies);
  for (std::size_t i = 0; i < max_latencies; ++i) {
    kept.push_back(sorted[(2 * i + 1) * sorted.size() / (2 * max_latencies)]);
  }
  return kept;
}

void add_latencies(const Report& report) {
  const Context& world = report.world;
  std::vector<std::vector<std::int64_t>> by_task(world.spec.tasks.size());
  std::vector<std::vector<std::int64_t>> by_executor(world.spec.executors.size());
  std::uint64_t done = 0;
  for (const Item& item : world.items.items()) {
    const Batch& batch = world.items.batches()[index_of(item.batch)];
    if (item.started != sim::Instant::min()) {
      by_executor[index_of(batch.executor)].push_back((item.started - item.submitted).count());
    }
    if (item.is_readable() && !item.is_given_up()) {
      by_task[index_of(batch.task)].push_back((item.readable - item.submitted).count());
      ++done;
    }
  }
  report.add("tasks_done", "", "count", static_cast<double>(done));
  for (std::size_t task = 0; task < by_task.size(); ++task) {
    std::vector<std::int64_t>& values = by_task[task];
    if (values.empty()) {
      continue;
    }
    std::ranges::sort(values);
    const std::string& name = world.spec.tasks[task].name;
    report.add("task_latency_mean", name, "ns", mean(values));
    report.add("task_latency_p50", name, "ns", quantile(values, 0.50));
    report.add("task_latency_p90", name, "ns", quantile(values, 0.90));
    report.add("task_latency_p95", name, "ns", quantile(values, 0.95));
    report.add("task_latency_p99", name, "ns", quantile(values, 0.99));
    const double seconds = sim::as_ns(report.makespan) / 1e9;
    if (seconds > 0.0) {
      report.add("throughput", name, "1/s", static_cast<double>(values.size()) / seconds);
    }
    report.timings.latencies.push_back({.task = name, .nanoseconds = thinned(values)});
  }
  for (std::size_t executor = 0; executor < by_executor.size(); ++executor) {
    std::vector<std::int64_t>& values = by_executor[executor];
    if (values.empty()) {
      continue;
    }
    std::ranges::sort(values);
    const std::string& name = world.spec.executors[executor].name;
    report.add("queue_wait_mean", name, "ns", mean(values));
    report.add("queue_wait_p95", name, "ns", quantile(values, 0.95));
  }
}

/// Jobs of real-time tasks, by task: several steps may have the same one.
void add_jobs(const Report& report) {
  if (!report.world.periodic) {
    return;
  }
  struct Jobs {
    double misses = 0.0;
    std::vector<std::int64_t> responses;
  };
  std::vector<Jobs> by_task(report.world.spec.tasks.size());
  for (const PeriodicTask& task : report.world.periodic->all) {
    Jobs& jobs = by_task[index_of(task.step->task)];
    jobs.misses += static_cast<double>(task.misses);
    jobs.responses.insert(jobs.responses.end(), task.responses.begin(), task.responses.end());
  }
  for (std::size_t task = 0; task < by_task.size(); ++task) {
    std::vector<std::int64_t>& responses = by_task[task].responses;
    if (responses.empty()) {
      continue;
    }
    std::ranges::sort(responses);
    const std::string& name = report.world.spec.tasks[task].name;
    report.add("jobs_done", name, "count", static_cast<double>(responses.size()));
    report.add("deadline_misses", name, "count", by_task[task].misses);
    report.add("response_mean", name, "ns", mean(responses));
    report.add("response_p50", name, "ns", quantile(responses, 0.50));
    report.add("response_p95", name, "ns", quantile(responses, 0.95));
    report.add("response_p99", name, "ns", quantile(responses, 0.99));
    report.add("response_max", name, "ns", static_cast<double>(responses.back()));
  }
}

void add_executors(const Report& report) {
  for (const std::unique_ptr<Executor>& executor : report.world.executors) {
    if (!executor->created()) {
      continue;
    }
    const std::string& name = executor->spec().name;
    report.add("startup", name, "ns", sim::as_ns(executor->startup()));
    report.add("shutdown", name, "ns", sim::as_ns(executor->shutdown()));
    if (const sim::Histogram* lag = executor->lag(); lag != nullptr && lag->count() > 0) {
      report.add("loop_lag_p50", name, "ns", sim::as_ns(lag->quantile(0.50)));
      report.add("loop_lag_p99", name, "ns", sim::as_ns(lag->quantile(0.99)));
      report.add("loop_lag_max", name, "ns", sim::as_ns(lag->max()));
    }
    if (const auto timeouts = executor->timeouts()) {
      report.add("timeouts", name, "count", static_cast<double>(*timeouts));
    }
    const ExecutorKind kind = executor->spec().kind;
    if (kind == ExecutorKind::processes || kind == ExecutorKind::process_executor) {
      report.add("ipc_bytes", name, "B", static_cast<double>(executor->ipc_bytes().count));
    }
  }
}

}  // namespace

void add_metrics(Context& world, const MainSpan& span, Timings& timings) {
  const Report report{.world = world, .timings = timings, .makespan = timings.makespan};
  report.add("makespan", "", "ns", sim::as_ns(timings.makespan));
  add_latencies(report);
  add_jobs(report);
  add_use(world, span, timings);
  add_executors(report);
  add_memory(report.world, report.timings);
  add_pauses(world, span.accounts, timings);
  std::ranges::sort(timings.metrics, [](const Metric& a, const Metric& b) {
    return std::tie(a.name, a.entity, a.value) < std::tie(b.name, b.entity, b.value);
  });
}

void add_tasks(Context& world, const MainSpan& span, Timings& timings) {
  const sim::Duration shift = span.begin.time_since_epoch();
  for (const Item& item : world.items.items()) {
    if (!item.is_readable() || item.is_given_up()) {
      continue;
    }
    const Batch& batch = world.items.batches()[index_of(item.batch)];
    timings.tasks.push_back({.task = world.spec.tasks[index_of(batch.task)].name,
                             .item = item.number,
                             .executor = world.spec.executors[index_of(batch.executor)].name,
                             .worker = world.os.name(ThreadId{item.worker}),
                             .submitted = item.submitted - shift,
                             .started = item.started - shift,
                             .finished = item.finished - shift,
                             .readable = item.readable - shift});
  }
}

void add_doubts(Context& world) {
  const MachineSpec& machine = world.spec.machine;
  const RuntimeSpec& runtime = world.spec.runtime;
  for (const std::string& doubt : machine.warnings) {
    world.warn(doubt);
  }
  if (!machine.costs_known) {
    world.warn("the costs of machine '" + machine.name +
               "' were never measured: those of another machine are used");
  }
  if (!machine.speed_known) {
    world.warn("the speed of machine '" + machine.name +
               "' was never measured: durations are taken as they are");
  }
  if (turbo_is_guessed(machine)) {
    world.warn("the turbo table of machine '" + machine.name +
               "' ends before all its cores are active: beyond, the clock is a guess");
  }
  if (!world.python()) {
    return;
  }
  const std::string python = "CPython " + to_text(runtime.version);
  if (!runtime.costs_known) {
    world.warn("the costs of " + python + " were never measured here: defaults are used");
  }
  if (!runtime.factor_known) {
    world.warn("nobody measured how fast " + python + " is: durations are taken as they are");
  }
  if (runtime.event_loop == LoopKind::uvloop) {
    world.warn("the costs of uvloop were measured part by part and never validated");
  }
  add_gil_doubts(world, python);
  for (const ExecutorSpec& executor : world.spec.executors) {
    const bool payload = executor.payload.argument.count > 0 || executor.payload.result.count > 0;
    const bool travels =
        executor.kind == ExecutorKind::processes || executor.kind == ExecutorKind::process_executor;
    if (payload && travels) {
      world.warn("the costs of payload (executor '" + executor.name + "') were never validated");
    }
  }
}

}  // namespace timeslice::models
