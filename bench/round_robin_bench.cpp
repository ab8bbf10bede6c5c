// Round robin of 64 threads on 8 CPUs, slices of 1 ms: scheduler decisions a second, with all
// accounting, beside a raw loop over std::priority_queue that only hands CPUs round.
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

constexpr std::uint32_t cpus = 8;
constexpr std::uint32_t threads = 64;
constexpr std::int64_t rounds = 20'000;  // slices of each CPU in one iteration

MachineSpec plain_machine() {
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
  explicit Scheduler(const OsSpec& its_os)
      : os{its_os}, dispatcher{engine, trace, random, machine, os} {}
  void handle(sim::Due due) { dispatcher.handle(due); }
  [[nodiscard]] sim::FramePool& frame_pool() { return engine.frame_pool(); }

  MachineSpec machine = plain_machine();
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

void run_policy(benchmark::State& state, PolicyKind kind, QueueScope scope) {
  OsSpec os = ideal_os();
  os.policy = {.kind = kind, .scope = scope, .slice = 1ms, .scale_by_cpus = false};
  Scheduler world{os};
  for (std::uint32_t i = 0; i < threads; ++i) {
    const ThreadId thread = world.dispatcher.create_thread({});
    world.dispatcher.start(thread, long_runs(world, thread), WakeCause{});
  }
  std::int64_t slices = 0;
  for (auto _ : state) {
    slices += rounds;
    sim::Limits limits;
    limits.time = sim::Instant{slices * 1ms};
    world.engine.run(world, limits);
  }
  std::uint64_t decisions = 0;
  for (std::uint32_t i = 0; i < threads; ++i) {
    decisions += world.dispatcher.accounts(ThreadId{i}).switches_involuntary;
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(decisions));
}

void round_robin_per_cpu(benchmark::State& state) {
  run_policy(state, PolicyKind::round_robin, QueueScope::per_cpu);
}
void round_robin_shared(benchmark::State& state) {
  run_policy(state, PolicyKind::round_robin, QueueScope::shared);
}
void fair_per_cpu(benchmark::State& state) {
  run_policy(state, PolicyKind::fair, QueueScope::per_cpu);
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
  std::priority_queue<SliceEnd, std::vector<SliceEnd>, std::greater<>> due;
  std::deque<std::uint32_t> ready;
  std::vector<std::uint32_t> on(cpus);
  std::uint64_t sequence = 0;
  for (std::uint32_t i = cpus; i < threads; ++i) {
    ready.push_back(i);
  }
  for (std::uint32_t cpu = 0; cpu < cpus; ++cpu) {
    on[cpu] = cpu;
    due.push({.time = 1'000'000, .sequence = sequence++, .cpu = cpu});
  }
  std::int64_t decisions = 0;
  for (auto _ : state) {
    for (std::int64_t i = 0; i < rounds * cpus; ++i) {
      const SliceEnd end = due.top();
      due.pop();
      ready.push_back(on[end.cpu]);
      on[end.cpu] = ready.front();
      ready.pop_front();
      due.push({.time = end.time + 1'000'000, .sequence = sequence++, .cpu = end.cpu});
    }
    decisions += rounds * cpus;
    benchmark::DoNotOptimize(on.data());
  }
  state.SetItemsProcessed(decisions);
}

BENCHMARK(round_robin_raw)->Name("round_robin/raw")->Unit(benchmark::kMillisecond);
BENCHMARK(round_robin_per_cpu)->Name("round_robin/engine")->Unit(benchmark::kMillisecond);
BENCHMARK(round_robin_shared)->Name("round_robin_shared/engine")->Unit(benchmark::kMillisecond);
BENCHMARK(fair_per_cpu)->Name("fair/engine")->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace timeslice::models
