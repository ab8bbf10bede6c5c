// 64 threads on 8 CPUs, slices of 1 ms: scheduler decisions a second of each policy, with all
// accounting, beside a raw loop over std::priority_queue that only hands CPUs round; and EEVDF with
// many threads on many CPUs, whose cost a decision may grow as the logarithm of their number,
// alone and with ticks and Linux's balancer.
#include <cstdint>
#include <deque>
#include <queue>
#include <vector>

#include <benchmark/benchmark.h>

#include "models/machine/machine_spec.hpp"
#include "models/os/dispatcher.hpp"
#include "models/os/os_spec.hpp"
#include "sim/engine.hpp"
#include "sim/random.hpp"
#include "sim/trace.hpp"

namespace timeslice::models {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t slices_each = 160'000;  // in one iteration, on all CPUs together

/// How many threads share how many CPUs.
struct Load {
  std::uint32_t threads = 64;
  std::uint32_t cpus = 8;
};

MachineSpec plain_machine(std::uint32_t cpus) {
  MachineSpec machine;
  machine.core_kinds = {CoreKindSpec{}};
  machine.cores.resize(cpus);
  for (std::uint32_t cpu = 0; cpu < cpus; ++cpu) {
    machine.cpus.push_back({.core = CoreId{cpu}, .os_index = cpu});
  }
  machine.nodes.resize(1);
  OsCosts& costs = machine.costs;
  costs.context_switch = costs.wake_idle_cpu = costs.wake_idle_cpu_jitter = 0ns;
  costs.migration = costs.tick_cost = 0ns;
  return machine;
}

struct Scheduler {
  Scheduler(const OsSpec& its_os, std::uint32_t cpus)
      : machine{plain_machine(cpus)}, os{its_os}, dispatcher{engine, trace, random, machine, os} {}
  void handle(sim::Due due) { dispatcher.handle(due); }
  [[nodiscard]] sim::FramePool& frame_pool() { return engine.frame_pool(); }

  MachineSpec machine;
  OsSpec os;
  sim::Engine engine;
  sim::Random random{1};
  sim::Trace trace;
  Dispatcher dispatcher;
};

Program long_runs(Scheduler& world, ThreadId thread) {
  const Work work{.kind = WorkKind::native, .nominal_ns = 1e12};
  while (true) {
    co_await world.dispatcher.run(thread, work);
  }
}

void run_os(benchmark::State& state, const OsSpec& os, Load load) {
  Scheduler world{os, load.cpus};
  for (std::uint32_t i = 0; i < load.threads; ++i) {
    const ThreadId thread = world.dispatcher.create_thread({});
    world.dispatcher.start(thread, long_runs(world, thread), WakeCause{});
  }
  const std::int64_t each = slices_each / load.cpus;
  std::int64_t slices = 0;
  for (auto _ : state) {
    slices += each;
    sim::Limits limits;
    limits.time = sim::Instant{slices * 1ms};
    world.engine.run(world, limits);
  }
  std::uint64_t decisions = 0;
  for (std::uint32_t i = 0; i < load.threads; ++i) {
    decisions += world.dispatcher.accounts(ThreadId{i}).switches_involuntary;
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(decisions));
}

void run_policy(benchmark::State& state, const PolicySpec& policy, Load load = {}) {
  OsSpec os = ideal_os();
  os.policy = policy;
  run_os(state, os, load);
}

PolicySpec policy_of(PolicyKind kind, QueueScope scope) {
  PolicySpec policy{.kind = kind, .scope = scope, .slice = 1ms, .scale_by_cpus = false};
  policy.cfs = {.latency = 8ms, .min_granularity = 1ms};  // eight threads a queue: 1 ms each
  return policy;
}

void round_robin_per_cpu(benchmark::State& state) {
  run_policy(state, policy_of(PolicyKind::round_robin, QueueScope::per_cpu));
}
void round_robin_shared(benchmark::State& state) {
  run_policy(state, policy_of(PolicyKind::round_robin, QueueScope::shared));
}
void eevdf_per_cpu(benchmark::State& state) {
  run_policy(state, policy_of(PolicyKind::eevdf, QueueScope::per_cpu));
}
void cfs_per_cpu(benchmark::State& state) {
  run_policy(state, policy_of(PolicyKind::cfs, QueueScope::per_cpu));
}
void eevdf_many(benchmark::State& state) {
  run_policy(state, policy_of(PolicyKind::eevdf, QueueScope::per_cpu),
             {.threads = static_cast<std::uint32_t>(state.range(0)),
              .cpus = static_cast<std::uint32_t>(state.range(1))});
}

/// As Linux does it: slices end on ticks, and the balancer looks round at ticks.
void run_linux(benchmark::State& state, Load load) {
  OsSpec os;
  os.policy = policy_of(PolicyKind::eevdf, QueueScope::per_cpu);
  os.tick = 1ms;
  run_os(state, os, load);
}
void eevdf_linux(benchmark::State& state) {
  run_linux(state, {});
}
void eevdf_linux_many(benchmark::State& state) {
  run_linux(state, {.threads = static_cast<std::uint32_t>(state.range(0)),
                    .cpus = static_cast<std::uint32_t>(state.range(1))});
}

struct SliceEnd {
  std::int64_t time = 0;
  std::uint64_t sequence = 0;
  std::uint32_t cpu = 0;

  friend bool operator>(const SliceEnd& a, const SliceEnd& b) {
    return a.time != b.time ? a.time > b.time : a.sequence > b.sequence;
  }
};

/// The least that such a simulation does: no accounts, no trace, no policy.
void round_robin_raw(benchmark::State& state) {
  constexpr Load load;
  std::priority_queue<SliceEnd, std::vector<SliceEnd>, std::greater<>> due;
  std::deque<std::uint32_t> ready;
  std::vector<std::uint32_t> on(load.cpus);
  std::uint64_t sequence = 0;
  for (std::uint32_t i = load.cpus; i < load.threads; ++i) {
    ready.push_back(i);
  }
  for (std::uint32_t cpu = 0; cpu < load.cpus; ++cpu) {
    on[cpu] = cpu;
    due.push({.time = 1'000'000, .sequence = sequence++, .cpu = cpu});
  }
  std::int64_t decisions = 0;
  for (auto _ : state) {
    for (std::int64_t i = 0; i < slices_each; ++i) {
      const SliceEnd end = due.top();
      due.pop();
      ready.push_back(on[end.cpu]);
      on[end.cpu] = ready.front();
      ready.pop_front();
      due.push({.time = end.time + 1'000'000, .sequence = sequence++, .cpu = end.cpu});
    }
    decisions += slices_each;
    benchmark::DoNotOptimize(on.data());
  }
  state.SetItemsProcessed(decisions);
}

BENCHMARK(round_robin_raw)->Name("round_robin/raw")->Unit(benchmark::kMillisecond);
BENCHMARK(round_robin_per_cpu)->Name("round_robin/engine")->Unit(benchmark::kMillisecond);
BENCHMARK(round_robin_shared)->Name("round_robin_shared/engine")->Unit(benchmark::kMillisecond);
BENCHMARK(round_robin_raw)->Name("eevdf/raw")->Unit(benchmark::kMillisecond);
BENCHMARK(eevdf_per_cpu)->Name("eevdf/engine")->Unit(benchmark::kMillisecond);
BENCHMARK(round_robin_raw)->Name("eevdf_linux/raw")->Unit(benchmark::kMillisecond);
BENCHMARK(eevdf_linux)->Name("eevdf_linux/engine")->Unit(benchmark::kMillisecond);
BENCHMARK(round_robin_raw)->Name("cfs/raw")->Unit(benchmark::kMillisecond);
BENCHMARK(cfs_per_cpu)->Name("cfs/engine")->Unit(benchmark::kMillisecond);
// Eight threads a CPU; then ever more on one CPU; then 10 000 on 384.
BENCHMARK(eevdf_many)
    ->Name("eevdf_many")
    ->Args({64, 8})
    ->Args({3'072, 384})
    ->Args({10'000, 384})
    ->Args({64, 1})
    ->Args({1'000, 1})
    ->Args({10'000, 1})
    ->Unit(benchmark::kMillisecond);
BENCHMARK(eevdf_linux_many)
    ->Name("eevdf_linux_many")
    ->Args({64, 8})
    ->Args({3'072, 384})
    ->Args({10'000, 384})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace timeslice::models
