#include "models/world_report_use.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace timeslice::models {

namespace {

struct UseReport {
  Context& world;
  const WorldAccounts& accounts;
  Timings& timings;

  void add(const char* name, std::string entity, const char* unit, double value) const {
    timings.metrics.push_back(
        {.name = name, .entity = std::move(entity), .unit = unit, .value = value});
  }
};

struct ThreadTotals {
  sim::Duration cpu_time{};
  std::uint64_t voluntary = 0;
  std::uint64_t involuntary = 0;
  std::uint64_t migrations = 0;
  sim::Duration gil_held{};
  sim::Duration gil_wait{};
};

void add_thread(const UseReport& report, ThreadId thread, ThreadTotals& totals) {
  const ThreadAccounts accounts = report.accounts.of(report.world, thread);
  const auto [held, waited] = report.accounts.gil_use(report.world, thread);
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

void add_threads(const UseReport& report) {
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
               static_cast<double>(report.accounts.gil_switches(report.world)));
  }
}

/// Time in which any CPU of each core was busy.
std::vector<double> core_busy_ns(const UseReport& report) {
  const Context& world = report.world;
  std::vector<double> busy(world.spec.machine.cores.size(), 0.0);
  for (std::uint32_t cpu = 0; cpu < world.os.cpus(); ++cpu) {
    const std::size_t core = index_of(world.spec.machine.cpus[cpu].core);
    busy[core] = sim::as_ns(report.accounts.core_busy(world, CpuId{cpu}));
  }
  return busy;
}

void add_cpus(const UseReport& report, double elapsed_ns) {
  const Context& world = report.world;
  CpuAccounts sum;
  for (std::uint32_t cpu = 0; cpu < world.os.cpus(); ++cpu) {
    const CpuAccounts accounts = report.accounts.of(world, CpuId{cpu});
    sum.busy += accounts.busy;
    sum.beside_sibling += accounts.beside_sibling;
    sum.with_queue += accounts.with_queue;
    if (cpu < max_entities) {
      report.add("cpu_utilization", std::to_string(cpu), "1",
                 sim::as_ns(accounts.busy) / elapsed_ns);
    }
  }
  const double capacity = elapsed_ns * static_cast<double>(world.os.cpus());
  report.add("cpu_utilization", "", "1", sim::as_ns(sum.busy) / capacity);
  report.add("idle_while_runnable", "", "ns",
             sim::as_ns(report.accounts.idle_while_runnable(world)));
  const std::vector<double> cores = core_busy_ns(report);
  for (std::size_t core = 0; core < std::min(cores.size(), max_entities); ++core) {
    report.add("core_busy", std::to_string(static_cast<std::uint32_t>(core)), "1",
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
std::vector<sim::Duration> group_cpu_times(const UseReport& report) {
  const Context& world = report.world;
  const OsSpec& os = world.spec.os;
  std::vector<sim::Duration> used(os.groups.size());
  for (std::uint32_t id = 0; id < world.os.threads(); ++id) {
    const sim::Duration spent = report.accounts.of(world, ThreadId{id}).cpu_time;
    GroupId group = world.os.group_of(ThreadId{id});
    while (group != GroupId{0}) {
      used[index_of(group) - 1] += spent;
      group = os.groups[index_of(group) - 1].parent.value_or(GroupId{0});
    }
  }
  return used;
}

void add_groups(const UseReport& report) {
  const std::vector<GroupSpec>& groups = report.world.spec.os.groups;
  if (groups.empty()) {
    return;
  }
  const std::vector<sim::Duration> used = group_cpu_times(report);
  for (std::size_t index = 0; index < std::min(groups.size(), max_entities); ++index) {
    const std::string& name = groups[index].name;
    report.add("group_cpu_time", name, "ns", sim::as_ns(used[index]));
    const auto quota =
        report.accounts.of(report.world, GroupId{static_cast<std::uint32_t>(index + 1)});
    if (quota) {
      report.add("quota_periods", name, "count", static_cast<double>(quota->periods));
      report.add("quota_throttled", name, "count", static_cast<double>(quota->throttled_periods));
      report.add("throttled_time", name, "ns", sim::as_ns(quota->throttled_time));
    }
  }
}
}  // namespace

void add_use(Context& world, const MainSpan& span, Timings& timings) {
  const UseReport report{.world = world, .accounts = span.accounts, .timings = timings};
  add_threads(report);
  const double elapsed_ns = sim::as_ns(span.end - span.begin);
  if (elapsed_ns > 0.0) {
    add_cpus(report, elapsed_ns);
  }
  add_groups(report);
}

}  // namespace timeslice::models
