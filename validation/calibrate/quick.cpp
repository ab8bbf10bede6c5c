#include "validation/calibrate/quick.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "validation/native/support.hpp"
#include "validation/statistics.hpp"

namespace timeslice::validation {

namespace {

using nlohmann::json;
using sim::Duration;

Duration at(const json& samples, double p) {
  return Duration{static_cast<std::int64_t>(quantile(samples.get<std::vector<double>>(), p))};
}

/// CPU costs. The pace around a probe has taken off how slow the core was; what is left of a slow
/// sample is what caches and memory cost just then, and what runs pay as well.
Duration cost(const json& samples) {
  return at(samples, 0.5);
}

constexpr Duration idle_before_wake = std::chrono::milliseconds{2};  // in calibrate.py: wakes

Duration positive(Duration value) {
  return std::max(value, Duration::zero());
}

/// What the size of the harness's process adds to a fork, and to the end of its child.
Duration per_resident(const QuickCosts& quick) {
  const double mib = static_cast<double>(quick.resident_bytes) / (1 << 20);
  return Duration{static_cast<std::int64_t>(static_cast<double>(quick.fork_per_mib.count()) * mib)};
}

void apply_os(const QuickCosts& quick, models::WorldSpec& world) {
  models::OsCosts& costs = world.machine.costs;
  costs.idle_call = positive(quick.idle_call - costs.wake_syscall);
  costs.idle_exit = quick.idle_exit;
  costs.timer_set = quick.timer_set;
  world.machine.cold_code = quick.cold_code;
  // Of the way from the write to the reader after 2 ms, the thread itself pays for a part.
  const double gone = quick.cold_code.gone(sim::as_ns(idle_before_wake));
  const Duration paid =
      costs.idle_exit + costs.context_switch +
      Duration{static_cast<std::int64_t>(sim::as_ns(quick.cold_code.resume) * gone)};
  costs.wake_idle_cpu = positive(quick.wake - paid);
  costs.wake_idle_cpu_jitter = 2 * positive(quick.wake_median - quick.wake);  // uniform: mean half
  // An overshoot is timer slack, then the CPU's way out of idleness, which no other CPU calls it
  // to.
  costs.wake_by_timer = positive(quick.sleep_overshoot - world.os.timer_slack - paid);
  world.os.timer_latency = Duration::zero();
  costs.fork_per_mib = quick.fork_per_mib;
  costs.page_fault = quick.page_fault;
  costs.pipe_copy_per_kib = quick.pipe_copy;
  costs.fork = positive(quick.fork - per_resident(quick));
}

double us(Duration duration) {
  return static_cast<double>(duration.count()) / 1000.0;
}

void apply_starts(const QuickCosts& quick, models::WorldSpec& world) {
  const models::OsCosts& os = world.machine.costs;
  models::PythonCosts& costs = world.runtime.costs;
  costs.thread_object = positive(quick.thread_start - os.thread_start);
  costs.process_object = positive(quick.process_start - quick.fork);
  costs.fork_child = quick.fork_child;
  costs.pool_create = positive(quick.pool_create - 2 * quick.process_start);
  costs.pool_import = quick.pool_import;
  costs.spawn_parent = positive(quick.spawn_parent - os.fork);
  costs.interpreter_start = quick.spawn_child;
  const Duration kernel_exit = os.process_exit + per_resident(quick);
  costs.child_exit = positive(quick.child_exit - kernel_exit);
  costs.spawn_exit = positive(quick.spawn_exit - kernel_exit);
  costs.forkserver_start = quick.forkserver_start;
  costs.forkserver_child = quick.forkserver_child;
  costs.resource_tracker = quick.resource_tracker;
  costs.payload.fault = quick.page_fault;
  world.runtime.memory_parts = quick.memory;
}

/// A machine file has each part of a loop, and those go with the speed index.
void apply_loop(const QuickCosts& quick, models::PythonCosts& costs) {
  const models::EventLoopCosts usual;
  costs.loop = models::scaled(usual, us(quick.loop_switch) / us(usual.callback + usual.step));
}

double mib(models::Bytes bytes) {
  return static_cast<double>(bytes.count) / (1 << 20);
}

models::PythonMemory read_memory(const json& raw) {
  const auto bytes = [&](const char* process, const char* what) {
    return models::Bytes{raw.at(process).at(what).get<std::int64_t>()};
  };
  models::PythonMemory parts;
  parts.interpreter = bytes("spawn", "private");
  parts.files = bytes("parent", "files");
  parts.forked_files = bytes("fork", "files");
  parts.fork_writes = bytes("fork", "private");
  parts.forkserver_writes = bytes("forkserver", "private");
  return parts;
}

/// What is gone after 1 ms, of what is gone after long, says when all is.
models::ColdCode read_cold_code(const json& raw) {
  constexpr double soon_ns = 1e6;
  constexpr double longest_ns = 8e6;  // the longest while that is measured
  const double later = quantile(raw.at("later").get<std::vector<double>>(), 0.5);
  models::ColdCode cold;
  if (later > 0.0) {
    const auto idle = raw.at("after_idle").get<std::vector<double>>();
    const auto busy = raw.at("after_busy").get<std::vector<double>>();
    cold.idle = std::clamp((quantile(idle, 0.5) - quantile(busy, 0.5)) / later, 0.0, 1.0);
    const double share = quantile(raw.at("after_1ms").get<std::vector<double>>(), 0.5) / later;
    cold.factor = later;
    cold.after =
        Duration{static_cast<std::int64_t>(soon_ns / std::clamp(share, soon_ns / longest_ns, 1.0))};
  }
  return cold;
}

void read_kernel_paths(const json& raw, QuickCosts& quick) {
  const auto ns = [&](const char* name) { return at(raw.at(name), 0.5); };
  const Duration busy = ns("read_same_cpu");
  quick.cold_code.resume = positive(ns("read_same_cpu_later") - busy);
  if (!raw.contains("write_other_cpu")) {
    return;  // this program may use one CPU only
  }
  quick.idle_call = positive(ns("write_other_cpu") - ns("write"));
  quick.idle_exit = positive(ns("read_other_cpu") - busy);
  quick.timer_set = positive(ns("sleep") - ns("read_other_cpu"));
}

/// What both `quick` and `reference` measure.
void read_drifting(const json& raw, double pace_ns, QuickCosts& quick) {
  quick.sleep_overshoot = at(raw.at("sleep"), 0.5);
  const Duration own_pipe = at(raw.at("pipe"), 0.5);
  quick.wake = positive(at(raw.at("wake"), 0.1) - own_pipe);
  quick.wake_median = positive(at(raw.at("wake"), 0.5) - own_pipe);
  quick.thread_start = cost(raw.at("thread"));
  quick.fork = cost(raw.at("fork"));
  quick.process_start = cost(raw.at("process").at("parent"));
  quick.fork_child = cost(raw.at("process").at("until"));
  quick.child_exit = cost(raw.at("process").at("after"));
  quick.spawn_parent = cost(raw.at("spawn").at("parent"));
  quick.spawn_child = cost(raw.at("spawn").at("until"));
  quick.spawn_exit = cost(raw.at("spawn").at("after"));
  quick.forkserver_child = cost(raw.at("forkserver").at("until"));
  quick.pool_create = cost(raw.at("pool"));
  quick.cold_code = read_cold_code(raw.at("cold_code"));
  quick.cold_code.start = positive(cost(raw.at("crowd")));
  quick.page_fault = cost(raw.at("page_fault"));
  quick.pipe_copy = cost(raw.at("pipe_copy"));
  read_kernel_paths(raw.at("kernel_paths"), quick);
  quick.slowness = quantile(raw.at("pace").get<std::vector<double>>(), 0.5) / pace_ns;
}

}  // namespace

QuickCosts read_quick_costs(const std::string& text, double pace_ns) {
  const json raw = json::parse(text);
  QuickCosts quick;
  read_drifting(raw, pace_ns, quick);
  const json& larger = raw.at("larger_fork");
  quick.fork_per_mib =
      positive(cost(larger.at("fork")) - quick.fork) / larger.at("mib").get<std::int64_t>();
  quick.forkserver_start = Duration{raw.at("helpers").at("server").get<std::int64_t>()};
  quick.resource_tracker = Duration{raw.at("helpers").at("tracker").get<std::int64_t>()};
  quick.memory = read_memory(raw.at("memory"));
  quick.pool_import = Duration{raw.at("pool_import").get<std::int64_t>()};
  quick.loop_switch = cost(raw.at("loop_switch"));
  quick.resident_bytes = raw.at("resident").get<std::int64_t>();
  return quick;
}

QuickCosts read_again(const std::string& text, double pace_ns, const QuickCosts& first) {
  QuickCosts quick = first;
  read_drifting(json::parse(text), pace_ns, quick);
  const auto in_proportion = [](Duration& cost, Duration now, Duration before) {
    const double ratio = before > Duration::zero() ? sim::as_ns(now) / sim::as_ns(before) : 1.0;
    cost = Duration{static_cast<std::int64_t>(sim::as_ns(cost) * ratio)};
  };
  in_proportion(quick.fork_per_mib, quick.fork, first.fork);
  for (Duration QuickCosts::* start :
       {&QuickCosts::forkserver_start, &QuickCosts::resource_tracker, &QuickCosts::pool_import}) {
    in_proportion(quick.*start, quick.spawn_child, first.spawn_child);
  }
  return quick;
}

QuickCosts between(const QuickCosts& before, const QuickCosts& after) {
  QuickCosts middle = after;
  for (const QuickDuration& one : quick_durations) {
    middle.*one.cost = (before.*one.cost + after.*one.cost) / 2;
  }
  middle.slowness = (before.slowness + after.slowness) / 2.0;
  middle.cold_code.factor = (before.cold_code.factor + after.cold_code.factor) / 2.0;
  middle.cold_code.idle = (before.cold_code.idle + after.cold_code.idle) / 2.0;
  middle.cold_code.resume = (before.cold_code.resume + after.cold_code.resume) / 2;
  middle.cold_code.start = (before.cold_code.start + after.cold_code.start) / 2;
  middle.cold_code.after = (before.cold_code.after + after.cold_code.after) / 2;
  return middle;
}

void apply_quick_costs(const QuickCosts& quick, models::WorldSpec& world) {
  if (quick.resident_bytes == 0) {
    return;  // not measured
  }
  world.runtime.memory = models::Bytes{quick.resident_bytes};
  if (!world.machine.costs_known || quick.newer_than_file) {
    apply_os(quick, world);
    world.machine.costs_known = true;
  }
  const bool python = world.runtime.language == models::Language::python;
  if (python && (!world.runtime.costs_known || quick.newer_than_file)) {
    apply_starts(quick, world);
  }
  if (python && !world.runtime.costs_known) {
    apply_loop(quick, world.runtime.costs);
    world.runtime.costs_known = true;
  }
}

std::vector<std::string> describe(const QuickCosts& quick) {
  if (quick.resident_bytes == 0) {
    return {};
  }
  return {
      fmt::format(
          "costs of this host: a sleep of 1 ms ends {:.0f} us late; waking an idle CPU {:.1f} "
          "us (median {:.1f})",
          us(quick.sleep_overshoot), us(quick.wake), us(quick.wake_median)),
      fmt::format("costs of this host: CPU time of calling an idle CPU {:.1f} us, of its first "
                  "thread {:.1f} us, of a short timer {:.1f} us; after {:.1f} ms away library code "
                  "takes {:.1f} times as long and a thread {:.1f} us more",
                  us(quick.idle_call), us(quick.idle_exit), us(quick.timer_set),
                  us(quick.cold_code.after) / 1000.0, 1.0 + quick.cold_code.factor,
                  us(quick.cold_code.resume)),
      fmt::format(
          "costs of this host: Thread.start {:.0f} us, os.fork {:.0f} us, Process.start {:.0f} "
          "us and its child {:.0f} us before and {:.0f} us after its target",
          us(quick.thread_start), us(quick.fork), us(quick.process_start), us(quick.fork_child),
          us(quick.child_exit)),
      fmt::format("costs of this host: a spawned child {:.1f} ms before and {:.1f} ms after its "
                  "target, Pool(2) {:.1f} ms and its first import {:.1f} ms, resident {:.1f} MiB",
                  us(quick.spawn_child) / 1000.0, us(quick.spawn_exit) / 1000.0,
                  us(quick.pool_create) / 1000.0, us(quick.pool_import) / 1000.0,
                  static_cast<double>(quick.resident_bytes) / (1 << 20)),
      fmt::format("costs of this host: a starting interpreter that was away for long pays {:.2f} "
                  "ms when it comes back to a CPU",
                  us(quick.cold_code.start) / 1000.0),
      fmt::format("costs of this host: the fork server starts in {:.1f} ms, its child in {:.1f} "
                  "ms, the resource tracker takes {:.1f} ms; private memory of a forked child "
                  "{:.1f}, a server's {:.1f}, a spawned {:.1f} MiB",
                  us(quick.forkserver_start) / 1000.0, us(quick.forkserver_child) / 1000.0,
                  us(quick.resource_tracker) / 1000.0, mib(quick.memory.fork_writes),
                  mib(quick.memory.forkserver_writes), mib(quick.memory.interpreter))};
}

}  // namespace timeslice::validation
