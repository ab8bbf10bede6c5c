// Hold: N pending timers; each that fires is armed again after an exponential time (mean 1 ms).
//
// The classic test of an event list. The second variant also moves a random other timer at each
// event, so half of what lies in the queue is cancelled.

#include <cstdint>
#include <vector>

#include "bench/raw_loop.hpp"
#include <benchmark/benchmark.h>

#include "sim/engine.hpp"

namespace timeslice::bench {
namespace {

constexpr double mean_ns = 1e6;
constexpr std::uint64_t batch = 20'000;  // events between two looks at the benchmark's clock

/// A cheap random walk over the other timers, the same for both loops.
class Victims {
 public:
  explicit Victims(std::uint32_t count) : count_{count} {}
  std::uint32_t next() {
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    return static_cast<std::uint32_t>(((state_ >> 32) * count_) >> 32);
  }

 private:
  std::uint64_t count_;
  std::uint64_t state_ = 1;
};

template <bool with_cancels>
struct EngineHold {
  sim::Engine engine;
  std::vector<sim::TimerId> timers;
  Increments increments{mean_ns};
  Victims victims;
  std::uint64_t sum = 0;

  EngineHold(std::uint32_t pending, sim::EventQueue::Tier tier) : engine{tier}, victims{pending} {
    for (std::uint32_t i = 0; i < pending; ++i) {
      timers.push_back(engine.add_timer(i % 3 == 0 ? 1 : 0, i, 0));
    }
    for (const sim::TimerId timer : timers) {
      arm(timer);
    }
  }

  void arm(sim::TimerId timer) {
    engine.arm(timer, engine.now() + sim::Duration{increments.next()});
  }

  void handle(sim::Due due) {
    switch (due.kind) {
      case 0:
        sum += due.argument;
        break;
      default:
        sum ^= due.argument;
    }
    arm(sim::TimerId{due.argument});
    if constexpr (with_cancels) {
      arm(sim::TimerId{victims.next()});
    }
  }

  void run(std::uint64_t events) { engine.run(*this, {.events = events}); }
};

template <bool with_cancels>
struct RawHold {
  RawQueue queue;
  std::vector<Action> actions;
  std::vector<std::uint64_t> live;  // the key of each timer's live event
  Increments increments{mean_ns};
  Victims victims;
  std::uint64_t now = 0;
  std::uint64_t sum = 0;

  explicit RawHold(std::uint32_t pending) : victims{pending} {
    live.resize(pending);
    for (std::uint32_t i = 0; i < pending; ++i) {
      actions.push_back({.argument = i, .kind = static_cast<std::uint8_t>(i % 3 == 0 ? 1 : 0)});
      arm(i);
    }
  }

  void arm(std::uint32_t id) {
    queue.push(now + increments.next(), id);
    if constexpr (with_cancels) {
      live[id] = queue.last_key(id);
    }
  }

  void run(std::uint64_t events) {
    while (events > 0) {
      const sim::Event event = queue.pop();
      const std::uint32_t id = sim::event_id(event);
      if (with_cancels && live[id] != event.key) {
        continue;
      }
      --events;
      now = event.time;
      const Action action = actions[id];
      switch (action.kind) {
        case 0:
          sum += action.argument;
          break;
        default:
          sum ^= action.argument;
      }
      arm(action.argument);
      if constexpr (with_cancels) {
        arm(victims.next());
      }
    }
  }
};

template <typename Hold>
void measure(benchmark::State& state, Hold& hold) {
  // Twice round, so that the queue is in its steady state.
  hold.run(static_cast<std::uint64_t>(2 * state.range(0)) + batch);
  for (auto _ : state) {
    hold.run(batch);
  }
  benchmark::DoNotOptimize(hold.sum);
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(batch));
}

template <bool with_cancels, sim::EventQueue::Tier tier>
void engine_hold(benchmark::State& state) {
  EngineHold<with_cancels> hold{static_cast<std::uint32_t>(state.range(0)), tier};
  measure(state, hold);
}

template <bool with_cancels>
void raw_hold(benchmark::State& state) {
  RawHold<with_cancels> hold{static_cast<std::uint32_t>(state.range(0))};
  measure(state, hold);
}

using Tier = sim::EventQueue::Tier;

BENCHMARK(engine_hold<false, Tier::adaptive>)
    ->Name("hold/engine")
    ->Arg(100)
    ->Arg(1'000)
    ->Arg(100'000)
    ->Arg(1'000'000);
BENCHMARK(raw_hold<false>)->Name("hold/raw")->Arg(100)->Arg(1'000)->Arg(100'000)->Arg(1'000'000);
BENCHMARK(engine_hold<true, Tier::adaptive>)
    ->Name("hold_cancel/engine")
    ->Arg(1'000)
    ->Arg(100'000)
    ->Arg(1'000'000);
BENCHMARK(raw_hold<true>)->Name("hold_cancel/raw")->Arg(1'000)->Arg(100'000)->Arg(1'000'000);

// Where the tiers cross: sets EventQueue::ladder_from and heap_below.
BENCHMARK(engine_hold<false, Tier::heap>)->Name("tier/heap")->RangeMultiplier(2)->Range(32, 2048);
BENCHMARK(engine_hold<false, Tier::ladder>)
    ->Name("tier/ladder")
    ->RangeMultiplier(2)
    ->Range(32, 2048);

}  // namespace
}  // namespace timeslice::bench
