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

/// CPU costs: a low quantile, near the undisturbed core but not the luckiest sample.
Duration cost(const json& samples) {
  return at(samples, 0.2);
}

Duration positive(Duration value) {
  return std::max(value, Duration::zero());
}

bool spawns(const models::WorldSpec& world) {
  return std::ranges::any_of(world.executors, [&](const models::ExecutorSpec& executor) {
    const bool process = executor.kind == models::ExecutorKind::processes ||
                         executor.kind == models::ExecutorKind::process_per_task ||
                         executor.kind == models::ExecutorKind::process_executor;
    return process && start_method(world.runtime, executor) == "spawn";
  });
}

void apply_os(const QuickCosts& quick, models::WorldSpec& world) {
  models::OsCosts& costs = world.machine.costs;
  costs.wake_idle_cpu = quick.wake;
  costs.wake_idle_cpu_jitter = 2 * positive(quick.wake_median - quick.wake);  // uniform: mean half
  // An overshoot is timer slack, then the timer interrupt, then the wake-up of an idle CPU.
  world.os.timer_latency = positive(quick.sleep_overshoot - world.os.timer_slack -
                                    costs.wake_idle_cpu - costs.wake_idle_cpu_jitter / 2);
  const double mib = static_cast<double>(quick.resident_bytes) / (1 << 20);
  if (mib >= 1.0) {
    costs.fork = std::min(costs.fork, quick.fork);
    costs.fork_per_mib = Duration{
        static_cast<std::int64_t>(static_cast<double>((quick.fork - costs.fork).count()) / mib)};
  }
}

void apply_python(const QuickCosts& quick, models::WorldSpec& world) {
  const models::OsCosts& os = world.machine.costs;
  models::PythonCosts& costs = world.runtime.costs;
  costs.thread_object = positive(quick.thread_start - os.thread_start);
  costs.process_object = positive(quick.process_start - quick.fork);
  costs.fork_child = quick.fork_child;
  costs.pool_create = positive(quick.pool_create - 2 * quick.process_start);
  costs.pool_import = quick.pool_import;
  costs.spawn_parent = positive(quick.spawn_parent - os.fork);
  costs.interpreter_start = quick.spawn_child;
  // One cost in the model for both; a spawned interpreter has much more to take down.
  costs.child_exit =
      positive((spawns(world) ? quick.spawn_exit : quick.child_exit) - os.process_exit);
}

double us(Duration duration) {
  return static_cast<double>(duration.count()) / 1000.0;
}

}  // namespace

QuickCosts read_quick_costs(const std::string& text) {
  const json raw = json::parse(text);
  QuickCosts quick;
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
  quick.pool_create = cost(raw.at("pool"));
  quick.pool_import = Duration{raw.at("pool_import").get<std::int64_t>()};
  quick.resident_bytes = raw.at("resident").get<std::int64_t>();
  return quick;
}

void apply_quick_costs(const QuickCosts& quick, models::WorldSpec& world) {
  if (quick.resident_bytes == 0) {
    return;  // not measured
  }
  world.runtime.memory = models::Bytes{quick.resident_bytes};
  if (!world.machine.costs_known) {
    apply_os(quick, world);
    world.machine.costs_known = true;
  }
  if (!world.runtime.costs_known && world.runtime.language == models::Language::python) {
    apply_python(quick, world);
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
      fmt::format(
          "costs of this host: Thread.start {:.0f} us, os.fork {:.0f} us, Process.start {:.0f} "
          "us and its child {:.0f} us before and {:.0f} us after its target",
          us(quick.thread_start), us(quick.fork), us(quick.process_start), us(quick.fork_child),
          us(quick.child_exit)),
      fmt::format("costs of this host: a spawned child {:.1f} ms before and {:.1f} ms after its "
                  "target, Pool(2) {:.1f} ms and its first import {:.1f} ms, resident {:.1f} MiB",
                  us(quick.spawn_child) / 1000.0, us(quick.spawn_exit) / 1000.0,
                  us(quick.pool_create) / 1000.0, us(quick.pool_import) / 1000.0,
                  static_cast<double>(quick.resident_bytes) / (1 << 20))};
}

}  // namespace timeslice::validation
