#include "models/world_report.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include "models/machine/turbo.hpp"
#include "models/work/periodic.hpp"
#include "models/world_report_gil.hpp"
#include "models/world_report_memory.hpp"
#include "sim/histogram.hpp"

namespace timeslice::models {

namespace {

std::string text_of(std::uint32_t number) {
  return std::to_string(number);
}

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
    if (item.is_readable()) {
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

struct ThreadTotals {
  sim::Duration cpu_time{};
  std::uint64_t voluntary = 0;
  std::uint64_t involuntary = 0;
  std::uint64_t migrations = 0;
  sim::Duration gil_held{};
  sim::Duration gil_wait{};
};

void add_thread(const Report& report, ThreadId thread, ThreadTotals& totals) {
  const ThreadAccounts accounts = report.world.os.accounts(thread);
  const sim::Duration held = report.world.gil_accounts.held(thread);
  const sim::Duration waited = report.world.gil_accounts.wait(thread);
  totals.cpu_time += accounts.cpu_time;
  totals.voluntary += accounts.switches_voluntary;
  totals.involuntary += accounts.switches_involuntary;
  totals.migrations += accounts.migrations;
  totals.gil_held += held;
  totals.gil_wait += waited;
  if (index_of(thread) >= max_entities) {
    return;
  }
  const std::string& name = report.world.os.name(thread);
  report.add("cpu_time", name, "ns", sim::as_ns(accounts.cpu_time));
  report.add("switches_voluntary", name, "count", static_cast<double>(accounts.switches_voluntary));
  report.add("switches_involuntary", name, "count",
             static_cast<double>(accounts.switches_involuntary));
  report.add("migrations", name, "count", static_cast<double>(accounts.migrations));
  if (report.world.python() && report.world.spec.runtime.gil.enabled) {
    report.add("gil_held", name, "ns", sim::as_ns(held));
    report.add("gil_wait", name, "ns", sim::as_ns(waited));
  }
}

void add_threads(const Report& report) {
  ThreadTotals totals;
  for (std::uint32_t id = 0; id < report.world.os.threads(); ++id) {
    const Actor* actor = report.world.processes.actor_of(ThreadId{id});
    if (actor != nullptr && !actor->background) {
      add_thread(report, ThreadId{id}, totals);
    }
  }
  report.add("cpu_time", "", "ns", sim::as_ns(totals.cpu_time));
  report.add("switches_voluntary", "", "count", static_cast<double>(totals.voluntary));
  report.add("switches_involuntary", "", "count", static_cast<double>(totals.involuntary));
  report.add("migrations", "", "count", static_cast<double>(totals.migrations));
  if (report.world.python() && report.world.spec.runtime.gil.enabled) {
    report.add("gil_held", "", "ns", sim::as_ns(totals.gil_held));
    report.add("gil_wait", "", "ns", sim::as_ns(totals.gil_wait));
    report.add("gil_switches", "", "count",
               static_cast<double>(report.world.gil_accounts.switches()));
  }
}

/// Time in which any CPU of each core was busy.
std::vector<double> core_busy_ns(const Context& world) {
  std::vector<double> busy(world.spec.machine.cores.size(), 0.0);
  for (std::uint32_t cpu = 0; cpu < world.os.cpus(); ++cpu) {
    const std::size_t core = index_of(world.spec.machine.cpus[cpu].core);
    busy[core] = sim::as_ns(world.os.core_busy(CpuId{cpu}));
  }
  return busy;
}

void add_cpus(const Report& report, double elapsed_ns) {
  const Context& world = report.world;
  CpuAccounts sum;
  for (std::uint32_t cpu = 0; cpu < world.os.cpus(); ++cpu) {
    const CpuAccounts accounts = world.os.accounts(CpuId{cpu});
    sum.busy += accounts.busy;
    sum.beside_sibling += accounts.beside_sibling;
    sum.with_queue += accounts.with_queue;
    if (cpu < max_entities) {
      report.add("cpu_utilization", text_of(cpu), "1", sim::as_ns(accounts.busy) / elapsed_ns);
    }
  }
  const double capacity = elapsed_ns * static_cast<double>(world.os.cpus());
  report.add("cpu_utilization", "", "1", sim::as_ns(sum.busy) / capacity);
  report.add("idle_while_runnable", "", "ns", sim::as_ns(world.os.idle_while_runnable()));
  const std::vector<double> cores = core_busy_ns(world);
  for (std::size_t core = 0; core < std::min(cores.size(), max_entities); ++core) {
    report.add("core_busy", text_of(static_cast<std::uint32_t>(core)), "1",
               cores[core] / elapsed_ns);
  }
  if (sum.busy > sim::Duration::zero()) {
    const sim::Duration alone = sum.busy - sum.with_queue - sum.beside_sibling;
    report.add("state_smt", "", "1", sim::as_ns(sum.beside_sibling) / sim::as_ns(sum.busy));
    report.add("state_timeshared", "", "1", sim::as_ns(sum.with_queue) / sim::as_ns(sum.busy));
    report.add("state_parallel", "", "1", sim::as_ns(alone) / sim::as_ns(sum.busy));
  }
}

/// CPU time of each group, the groups inside it included, background programs too.
std::vector<sim::Duration> group_cpu_times(const Context& world) {
  const OsSpec& os = world.spec.os;
  std::vector<sim::Duration> used(os.groups.size());
  for (std::uint32_t id = 0; id < world.os.threads(); ++id) {
    const sim::Duration spent = world.os.accounts(ThreadId{id}).cpu_time;
    GroupId group = world.os.group_of(ThreadId{id});
    while (group != GroupId{0}) {
      used[index_of(group) - 1] += spent;
      group = os.groups[index_of(group) - 1].parent.value_or(GroupId{0});
    }
  }
  return used;
}

void add_groups(const Report& report) {
  const std::vector<GroupSpec>& groups = report.world.spec.os.groups;
  if (groups.empty()) {
    return;
  }
  const std::vector<sim::Duration> used = group_cpu_times(report.world);
  for (std::size_t index = 0; index < std::min(groups.size(), max_entities); ++index) {
    const std::string& name = groups[index].name;
    report.add("group_cpu_time", name, "ns", sim::as_ns(used[index]));
    const auto quota = report.world.os.accounts(GroupId{static_cast<std::uint32_t>(index + 1)});
    if (quota) {
      report.add("quota_periods", name, "count", static_cast<double>(quota->periods));
      report.add("quota_throttled", name, "count", static_cast<double>(quota->throttled_periods));
      report.add("throttled_time", name, "ns", sim::as_ns(quota->throttled_time));
    }
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
    const ExecutorKind kind = executor->spec().kind;
    if (kind == ExecutorKind::processes || kind == ExecutorKind::process_executor) {
      report.add("ipc_bytes", name, "B", static_cast<double>(executor->ipc_bytes().count));
    }
  }
}

/// "lock '", "queue '" ...
std::string noun_of_lock(const Context& world, std::uint32_t object) {
  const auto& locks = world.spec.locks;
  switch (object < locks.size() ? locks[object].kind : LockKind::mutex) {
    case LockKind::queue:
      return "queue '";
    case LockKind::semaphore:
      return "semaphore '";
    case LockKind::event:
      return "event '";
    case LockKind::barrier:
      return "barrier '";
    case LockKind::mutex:
    case LockKind::rwlock:
      break;
  }
  return "lock '";
}

std::string wait_text(Context& world, const Actor& actor) {
  const WaitCause cause = world.os.waiting_for(actor.thread);
  switch (cause.what) {
    case WaitFor::lock:
    case WaitFor::pipe_read:
    case WaitFor::pipe_write: {
      std::string text = cause.what == WaitFor::lock ? noun_of_lock(world, cause.object) : "'";
      text += world.object_name(cause.object) + "'";
      const auto holder = world.lock_holder(actor.process, cause.object);
      return holder ? text + " held by " + world.os.name(*holder) : text;
    }
    case WaitFor::condition:
      if (cause.object < world.executors.size()) {
        return "a result of executor '" + world.executors[cause.object]->spec().name + "'";
      }
      return "a condition";
    case WaitFor::join:
      return cause.object < world.os.threads()
                 ? "the end of " + world.os.name(ThreadId{cause.object})
                 : "the end of a thread";
    case WaitFor::child:
      return "the end of process " + text_of(cause.object);
    case WaitFor::gil:
    case WaitFor::gil_switch:
      return world.spec.runtime.gil.enabled ? "the GIL" : "the end of a stop of all threads";
    case WaitFor::io:
      return "a device";
    case WaitFor::sleep:
      return "a timer";
    case WaitFor::select:
      return "an event of its loop";
    case WaitFor::idle:
      break;
  }
  return "work";
}

}  // namespace

void add_metrics(Context& world, const MainSpan& span, Timings& timings) {
  const Report report{.world = world, .timings = timings, .makespan = timings.makespan};
  const double elapsed_ns = sim::as_ns(span.end.time_since_epoch());
  report.add("makespan", "", "ns", sim::as_ns(timings.makespan));
  add_latencies(report);
  add_jobs(report);
  add_threads(report);
  if (elapsed_ns > 0.0) {
    add_cpus(report, elapsed_ns);
  }
  add_executors(report);
  add_memory(report.world, report.timings);
  add_groups(report);
  add_pauses(world, timings);
  std::ranges::sort(timings.metrics, [](const Metric& a, const Metric& b) {
    return std::tie(a.name, a.entity, a.value) < std::tie(b.name, b.entity, b.value);
  });
}

void add_tasks(Context& world, const MainSpan& span, Timings& timings) {
  const sim::Duration shift = span.begin.time_since_epoch();
  for (const Item& item : world.items.items()) {
    if (!item.is_readable()) {
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

std::string describe_waits(Context& world) {
  constexpr std::uint32_t most = 8;
  std::string text;
  std::uint32_t told = 0;
  std::uint32_t left_out = 0;
  for (std::uint32_t id = 0; id < world.os.threads(); ++id) {
    const Actor* actor = world.processes.actor_of(ThreadId{id});
    const bool stuck = actor != nullptr && !actor->background && world.os.blocked(actor->thread) &&
                       world.os.waiting_for(actor->thread).what != WaitFor::idle;
    if (!stuck) {
      continue;
    }
    if (told == most) {
      ++left_out;
      continue;
    }
    text += (told == 0 ? "" : "; ") + world.os.name(actor->thread) + " waits for " +
            wait_text(world, *actor);
    ++told;
  }
  if (left_out > 0) {
    text += "; and " + text_of(left_out) + " more threads wait";
  }
  return text.empty() ? "nobody waits for anything that could happen" : text;
}

std::string describe_starvation(Context& world) {
  std::string starved;
  std::string runners;
  for (std::uint32_t id = 0; id < world.os.threads(); ++id) {
    const Actor* actor = world.processes.actor_of(ThreadId{id});
    if (actor == nullptr || world.os.blocked(actor->thread) || world.os.finished(actor->thread)) {
      continue;
    }
    const bool runs = world.os.running(actor->thread);
    std::string& text = actor->background ? runners : starved;
    if (runs == actor->background && text.size() < 80) {
      text += (text.empty() ? "" : ", ") + world.os.name(actor->thread);
    }
  }
  if (starved.empty() || runners.empty()) {
    return {};
  }
  const bool fifo = world.spec.os.policy.kind == PolicyKind::fifo;
  return "starvation: " + starved + " is ready but gets no CPU: " +
         (fifo ? "policy fifo never takes one from " : "the policy never takes one from ") +
         runners +
         (world.os.has_classes()
              ? " (lower its class, set os.rt.limit to fair-server or throttle, or give more cores)"
              : " (use a policy with slices such as rr, fewer background threads, or more cores)");
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
