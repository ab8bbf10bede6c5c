// The reference machine's scheduler against what was measured on it: Linux 6.18, two CPUs (so the
// slice is twice 0.70 ms), a tick of 4 ms, one CPU used. docs/models/eevdf.md has the table.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include "models/trace_kinds.hpp"
#include "tests/models/os/os_bench.hpp"

namespace timeslice::models {
namespace {

using namespace std::chrono_literals;
using namespace timeslice::models::testing;

OsSpec reference_os() {
  OsSpec os;
  os.policy = {.slice = 700us, .protect = Protection::unscaled};
  os.tick = 4ms;
  os.balance = {};
  return os;
}

MachineSpec reference_machine() {
  MachineSpec machine = small_machine(2);
  machine.costs = OsCosts{};
  return machine;
}

constexpr CpuId one_cpu{1};

/// A stretch on the CPU, up to the next switch to another thread.
struct Stretch {
  std::uint32_t thread = 0;
  std::int64_t start = 0;
  std::int64_t end = 0;
};

std::vector<Stretch> runs_on(const World& world, CpuId cpu) {
  std::vector<Stretch> runs;
  for (const sim::TraceRecord& record : world.sink.records()) {
    if (record.kind == static_cast<std::uint16_t>(TraceKind::switch_in) &&
        record.cpu == static_cast<std::uint16_t>(cpu)) {
      if (!runs.empty()) {
        runs.back().end = record.time_ns;
      }
      runs.push_back({.thread = record.subject, .start = record.time_ns, .end = 0});
    }
  }
  runs.pop_back();
  return runs;
}

double quantile(std::vector<double> values, double q) {
  std::ranges::sort(values);
  return values[static_cast<std::size_t>(q * static_cast<double>(values.size() - 1))];
}

/// Burners of these nice levels on one CPU for 3 s.
std::vector<Stretch> burn(const std::vector<int>& nices, std::vector<double>& shares) {
  World world{reference_machine(), reference_os()};
  std::vector<ThreadId> threads;
  for (const int nice : nices) {
    threads.push_back(world.add({.nice = nice, .affinity = {one_cpu}}));
    world.start(threads.back(), compute(world, threads.back(), 100s));
  }
  world.run_until(3s);
  for (const ThreadId thread : threads) {
    shares.push_back(static_cast<double>(world.dispatcher.accounts(thread).cpu_time.count()) / 3e9);
  }
  return runs_on(world, one_cpu);
}

TEST(FairMeasures, runs_of_equal_burners_last_a_tick_and_gaps_one_for_each_rival) {
  for (const std::uint32_t threads : {2U, 3U, 4U, 8U}) {
    std::vector<double> shares;
    const std::vector<Stretch> runs = burn(std::vector<int>(threads, 0), shares);
    std::vector<double> lengths;
    std::vector<double> gaps;
    std::vector<std::int64_t> left(threads, -1);
    for (std::size_t i = 1; i < runs.size(); ++i) {  // the first begins between ticks
      const Stretch& run = runs[i];
      lengths.push_back(static_cast<double>(run.end - run.start) / 1e6);
      if (left[run.thread] >= 0) {
        gaps.push_back(static_cast<double>(run.start - left[run.thread]) / 1e6);
      }
      left[run.thread] = run.end;
    }
    for (const double q : {0.05, 0.5, 0.95}) {
      EXPECT_NEAR(quantile(lengths, q), 4.0, 0.04) << threads << " threads, quantile " << q;
    }
    EXPECT_NEAR(quantile(gaps, 0.5), 4.0 * (threads - 1), 0.04) << threads << " threads";
    for (const double share : shares) {
      EXPECT_NEAR(share * threads, 1.0, 0.01) << threads << " threads";
    }
  }
}

TEST(FairMeasures, nice_levels_get_shares_by_weight_in_whole_ticks) {
  struct Case {
    std::vector<int> nices;
    std::vector<double> shares;  // by weight
    double median_run_ms;        // of the first thread, measured
  };
  for (const Case& one :
       {Case{{0, 5}, {0.7535, 0.2465}, 12.0}, Case{{0, 5, 5}, {0.6045, 0.19775, 0.19775}, 8.0}}) {
    std::vector<double> shares;
    const std::vector<Stretch> runs = burn(one.nices, shares);
    std::vector<double> first;
    std::vector<double> others;
    for (std::size_t i = 1; i < runs.size(); ++i) {
      const double length = static_cast<double>(runs[i].end - runs[i].start) / 1e6;
      (runs[i].thread == 0 ? first : others).push_back(length);
    }
    for (std::size_t i = 0; i < shares.size(); ++i) {
      EXPECT_NEAR(shares[i], one.shares[i], 0.01 * one.shares[i]) << "thread " << i;
    }
    EXPECT_NEAR(quantile(first, 0.5), one.median_run_ms, 0.01 * one.median_run_ms);
    EXPECT_NEAR(quantile(others, 0.5), 4.0, 0.04);
  }
}

Program sleep_and_run(World& world, ThreadId thread, sim::Duration sleep, sim::Duration run) {
  while (true) {
    co_await world.dispatcher.sleep(thread, sleep);
    co_await world.work(thread, run);
  }
}

/// One wake-up of the sleeper: how long the burner had run, how long the sleeper waited.
struct WakeUp {
  double burner_ran_ms = 0.0;
  double waited_ms = 0.0;
};

std::vector<WakeUp> wake_ups(std::uint32_t burners, sim::Duration sleep, sim::Duration run,
                             std::uint64_t seed) {
  World world{reference_machine(), reference_os(), seed};
  const ThreadId sleeper = world.add({.affinity = {one_cpu}});
  for (std::uint32_t i = 0; i < burners; ++i) {
    const ThreadId burner = world.add({.affinity = {one_cpu}});
    world.start(burner, compute(world, burner, 1000s));
  }
  world.start(sleeper, sleep_and_run(world, sleeper, sleep, run));
  world.run_until(30s);
  std::vector<WakeUp> found;
  std::int64_t burner_since = 0;
  std::int64_t ready = -1;
  for (const sim::TraceRecord& record : world.sink.records()) {
    const bool is_sleeper = record.subject == static_cast<std::uint32_t>(sleeper);
    if (record.kind == static_cast<std::uint16_t>(TraceKind::ready) && is_sleeper) {
      ready = record.time_ns;
      found.push_back({.burner_ran_ms = static_cast<double>(ready - burner_since) / 1e6});
    } else if (record.kind == static_cast<std::uint16_t>(TraceKind::switch_in)) {
      if (is_sleeper && ready >= 0) {
        found.back().waited_ms = static_cast<double>(record.time_ns - ready) / 1e6;
        ready = -1;
      }
      burner_since = record.time_ns;
    }
  }
  found.erase(found.begin(), found.begin() + 20);
  found.pop_back();
  return found;
}

constexpr double at_once_ms = 0.1;

struct Shares {
  double all = 0.0;
  double below_edge = 0.0;
  double above_edge = 0.0;
  double below_part = 0.0;
  double median_wait_ms = 0.0;
};

Shares at_once(std::uint32_t burners, sim::Duration sleep, sim::Duration run) {
  std::vector<WakeUp> all;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const auto some = wake_ups(burners, sleep, run, seed);
    all.insert(all.end(), some.begin(), some.end());
  }
  double below = 0.0;
  double below_hits = 0.0;
  double hits = 0.0;
  std::vector<double> waits;
  for (const WakeUp& one : all) {
    const bool at_once = one.waited_ms < at_once_ms;
    hits += at_once ? 1.0 : 0.0;
    if (one.burner_ran_ms < 0.7) {
      below += 1.0;
      below_hits += at_once ? 1.0 : 0.0;
    }
    if (!at_once) {
      waits.push_back(one.waited_ms);
    }
  }
  const auto count = static_cast<double>(all.size());
  return {.all = hits / count,
          .below_edge = below == 0.0 ? 0.0 : below_hits / below,
          .above_edge = (hits - below_hits) / (count - below),
          .below_part = below / count,
          .median_wait_ms = waits.empty() ? 0.0 : quantile(waits, 0.5)};
}

TEST(FairMeasures, a_sleeper_gets_the_cpu_at_once_as_often_as_measured) {
  for (const auto& [burners, run] :
       std::vector<std::pair<std::uint32_t, sim::Duration>>{{1, 14us}, {3, 14us}, {1, 1ms}}) {
    for (const sim::Duration sleep : {5ms, 10ms}) {
      const Shares s = at_once(burners, sleep, run);
      std::printf(
          "burners %u run %lld us sleep %lld ms: at once %.3f below %.3f (part %.3f) above "
          "%.3f median wait %.2f\n",
          burners, static_cast<long long>(run.count() / 1000),
          static_cast<long long>(sleep.count() / 1000000), s.all, s.below_edge, s.below_part,
          s.above_edge, s.median_wait_ms);
    }
  }
}

}  // namespace
}  // namespace timeslice::models
