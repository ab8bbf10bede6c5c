// Processes: two that hand over to each other, and the queue M/M/8 as a program of processes.
//
// The raw counterparts do the same hand-overs and serve the same customers as state machines over
// std::priority_queue: what a process costs is the difference.

#include <cstdint>
#include <deque>
#include <vector>

#include "bench/raw_loop.hpp"
#include <benchmark/benchmark.h>

#include "sim/process_runner.hpp"

namespace timeslice::bench {
namespace {

constexpr std::uint64_t batch = 20'000;

struct Rally {
  sim::ProcessRunner& runner;
  sim::Signal ping{runner};
  sim::Signal pong{runner};
  std::uint64_t handovers = 0;

  [[nodiscard]] sim::FramePool& frame_pool() const { return runner.frame_pool(); }

  sim::Process<> play(sim::Signal& mine, sim::Signal& other) {
    while (true) {
      co_await mine.wait();
      ++handovers;
      other.notify_one();
    }
  }
};

void engine_ping_pong(benchmark::State& state) {
  sim::Engine engine;
  sim::ProcessRunner runner{engine};
  Rally rally{.runner = runner};
  runner.spawn(rally.play(rally.ping, rally.pong));
  runner.spawn(rally.play(rally.pong, rally.ping));
  runner.run();
  rally.ping.notify_one();
  const sim::Limits limits{.events = batch, .events_at_one_instant = UINT64_MAX};
  for (auto _ : state) {
    runner.run(limits);
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(rally.handovers));
}

void raw_ping_pong(benchmark::State& state) {
  RawQueue queue;
  const std::vector<Action> actions{{.argument = 1, .kind = 0}, {.argument = 0, .kind = 1}};
  std::uint64_t handovers = 0;
  queue.push(0, 0);
  for (auto _ : state) {
    for (std::uint64_t i = 0; i < batch; ++i) {
      const sim::Event event = queue.pop();
      const Action action = actions[sim::event_id(event)];
      switch (action.kind) {
        case 0:
          ++handovers;
          break;
        default:
          handovers += 1;
      }
      queue.push(event.time, action.argument);
      benchmark::DoNotOptimize(handovers);
    }
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(handovers));
}

constexpr double service_ns = 1e9;
constexpr unsigned servers = 8;
constexpr double load = 0.8;

struct EngineQueue {
  sim::ProcessRunner& runner;
  sim::Resource resource{runner, servers};
  Increments gaps{service_ns / servers / load};
  Increments services{service_ns};
  std::uint64_t served = 0;
  std::uint64_t waited_ns = 0;

  [[nodiscard]] sim::FramePool& frame_pool() const { return runner.frame_pool(); }

  sim::Process<> customer() {
    const sim::Instant arrived = runner.now();
    co_await resource.acquire();
    waited_ns += static_cast<std::uint64_t>((runner.now() - arrived).count());
    const sim::Duration service{services.next()};
    co_await runner.delay(service);
    resource.release();
    ++served;
  }

  sim::Process<> arrivals() {
    while (true) {
      const sim::Duration gap{gaps.next()};
      co_await runner.delay(gap);
      runner.spawn(customer());
    }
  }
};

void engine_mm8(benchmark::State& state) {
  sim::Engine engine;
  sim::ProcessRunner runner{engine};
  EngineQueue queue{.runner = runner};
  runner.spawn(queue.arrivals());
  const sim::Limits limits{.events = batch};
  for (auto _ : state) {
    runner.run(limits);
  }
  benchmark::DoNotOptimize(queue.waited_ns);
  state.SetItemsProcessed(static_cast<std::int64_t>(queue.served));
}

class RawMM8 {
 public:
  RawMM8() { queue_.push(gaps_.next(), arrival); }

  void step() {
    const sim::Event event = queue_.pop();
    if (sim::event_id(event) == arrival) {
      line_.push_back(event.time);
      queue_.push(event.time + gaps_.next(), arrival);
    } else {
      ++free_;
      ++served_;
    }
    if (free_ > 0 && !line_.empty()) {
      waited_ns_ += event.time - line_.front();
      line_.pop_front();
      --free_;
      queue_.push(event.time + services_.next(), departure);
    }
  }
  [[nodiscard]] std::uint64_t served() const { return served_; }
  [[nodiscard]] std::uint64_t waited_ns() const { return waited_ns_; }

 private:
  static constexpr std::uint32_t arrival = 0;
  static constexpr std::uint32_t departure = 1;

  RawQueue queue_;
  std::deque<std::uint64_t> line_;
  Increments gaps_{service_ns / servers / load};
  Increments services_{service_ns};
  unsigned free_ = servers;
  std::uint64_t served_ = 0;
  std::uint64_t waited_ns_ = 0;
};

void raw_mm8(benchmark::State& state) {
  RawMM8 queue;
  for (auto _ : state) {
    for (std::uint64_t i = 0; i < batch; ++i) {
      queue.step();
    }
  }
  benchmark::DoNotOptimize(queue.waited_ns());
  state.SetItemsProcessed(static_cast<std::int64_t>(queue.served()));
}

BENCHMARK(engine_ping_pong)->Name("ping_pong/engine");
BENCHMARK(raw_ping_pong)->Name("ping_pong/raw");
BENCHMARK(engine_mm8)->Name("mm8/engine");
BENCHMARK(raw_mm8)->Name("mm8/raw");

}  // namespace
}  // namespace timeslice::bench
