// Three threads that only compute on the two CPUs of the reference machine: who is alone for how
// long, against `tools/dev/host_effects.py rotation` on that machine. docs/models/balancing.md has
// the figures.
#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include "models/trace_kinds.hpp"
#include "tests/models/os/os_bench.hpp"
#include "tests/scenarios/reference_guest.hpp"

namespace timeslice::scenarios {
namespace {

using namespace std::chrono_literals;
using models::Program;
using models::ThreadId;
using models::os_bench::compute;
using models::os_bench::World;

constexpr sim::Duration warm_up = 1500ms;
constexpr sim::Duration window = 3s;
constexpr int windows = 3;

/// Of all runs: times between two moves [ms], moves a run, spread of the shares of each window.
struct Rotation {
  std::vector<double> gaps_ms{};
  double moves = 0.0;
  std::vector<double> spreads{};
};

/// A worker of the kernel, about as it was traced: docs/models/balancing.md.
Program kernel_worker(World& world, ThreadId thread) {
  const std::uint32_t purpose = sim::hash_name32("test/kernel-worker");
  for (std::uint32_t i = 0;; ++i) {
    const double gap = 120e6 * world.random.exponential({.task = purpose, .item = i});
    const double run = 40e3 * world.random.exponential({.task = purpose, .item = i, .step = 1});
    static_cast<void>(
        co_await world.dispatcher.sleep(thread, sim::Duration{static_cast<std::int64_t>(gap)}));
    co_await world.work(thread, sim::Duration{static_cast<std::int64_t>(run) + 1000});
  }
}

void take_moves(const World& world, Rotation& seen) {
  std::int64_t last = -1;
  for (const sim::TraceRecord& record : world.sink.records()) {
    const bool ours = record.kind == static_cast<std::uint16_t>(models::TraceKind::migrated) &&
                      record.subject < 3 && sim::Duration{record.time_ns} >= warm_up;
    if (!ours) {
      continue;
    }
    seen.moves += 1.0;
    if (last >= 0) {
      seen.gaps_ms.push_back(static_cast<double>(record.time_ns - last) / 1e6);
    }
    last = record.time_ns;
  }
}

Rotation rotate(bool beside_kernel_worker) {
  Rotation seen;
  constexpr std::uint64_t runs = 10;
  for (std::uint64_t seed = 1; seed <= runs; ++seed) {
    World world{reference_guest().machine, reference_guest().os, seed};
    std::vector<ThreadId> threads;
    for (int i = 0; i < 3; ++i) {
      threads.push_back(world.add({.group = program_session}));
      world.start(threads.back(), compute(world, threads.back(), 1000s));
    }
    if (beside_kernel_worker) {
      const ThreadId worker = world.add({.group = other_session});
      world.start(worker, kernel_worker(world, worker));
    }
    std::vector<double> before(3, 0.0);
    for (int i = 0; i <= windows; ++i) {
      world.run_until(warm_up + i * window);
      std::vector<double> shares;
      for (std::size_t thread = 0; thread < 3; ++thread) {
        const sim::Duration used = world.dispatcher.accounts(threads[thread]).cpu_time;
        const double ns = static_cast<double>(used.count());
        shares.push_back((ns - before[thread]) / static_cast<double>(window.count()));
        before[thread] = ns;
      }
      if (i > 0) {
        seen.spreads.push_back(std::ranges::max(shares) - std::ranges::min(shares));
      }
    }
    world.run_until(warm_up + 10s);
    take_moves(world, seen);
  }
  seen.moves /= runs;
  return seen;
}

double quantile(std::vector<double> values, double part) {
  std::ranges::sort(values);
  return values[static_cast<std::size_t>(part * static_cast<double>(values.size() - 1))];
}

double mean(const std::vector<double>& values) {
  double sum = 0.0;
  for (const double value : values) {
    sum += value;
  }
  return sum / static_cast<double>(values.size());
}

/// Measured alone, six times: quartiles 116-140, 136-156 and 156-168 ms, 63 to 71 moves in 10 s.
TEST(Rotation, three_threads_move_as_often_as_measured) {
  for (const bool beside : {false, true}) {
    const Rotation seen = rotate(beside);
    const std::vector<double> measured{120.0, 138.0, 160.0};
    for (std::size_t i = 0; i < measured.size(); ++i) {
      const double quartile = quantile(seen.gaps_ms, 0.25 * static_cast<double>(i + 1));
      EXPECT_GT(quartile, measured[i] / 1.5) << "quartile " << i + 1;
      EXPECT_LT(quartile, measured[i] * 1.5) << "quartile " << i + 1;
    }
    EXPECT_GT(seen.moves, 67.0 / 1.5);
    EXPECT_LT(seen.moves, 67.0 * 1.5);
  }
}

/// Measured: 0.03 to 0.10, and 0.005 to 0.099 in nine windows of a quiet guest. Alone it is wider
/// than measured: balancing.md says why.
TEST(Rotation, shares_differ_over_3_s_as_measured_once_the_kernel_has_work_too) {
  const Rotation seen = rotate(true);
  EXPECT_GT(mean(seen.spreads), 0.03);
  EXPECT_LT(mean(seen.spreads), 0.10);
  EXPECT_LT(quantile(seen.spreads, 0.75), 0.10);
}

}  // namespace
}  // namespace timeslice::scenarios
