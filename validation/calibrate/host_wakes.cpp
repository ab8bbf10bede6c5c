// Probes with two threads: switches, wake-ups, turns on one CPU, neighbours, shared lines, streams.

#include <algorithm>
#include <array>
#include <atomic>
#include <numeric>
#include <optional>
#include <thread>

#include <sched.h>
#include <sys/resource.h>

#include "sim/random.hpp"
#include "validation/calibrate/cpp_kernel.hpp"
#include "validation/calibrate/host_probes.hpp"
#include "validation/calibrate/probe_tools.hpp"

namespace timeslice::validation {

namespace {

/// Voluntary and involuntary switches of this process so far.
std::int64_t switches() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_nvcsw + usage.ru_nivcsw;
}

struct Yields {
  std::int64_t cpu_ns = 0;
  int count = 0;

  [[nodiscard]] double each_ns() const { return static_cast<double>(cpu_ns) / count; }
};

/// At least one yield of this thread and at most `times`, until `end_ns`: on a loaded CPU each of
/// them gives a turn away.
Yields yields(int times, std::int64_t end_ns) {
  Yields done;
  const std::int64_t before = thread_cpu_ns();
  while (done.count == 0 || (done.count < times && wall_ns() < end_ns)) {
    ::sched_yield();
    ++done.count;
  }
  done.cpu_ns = thread_cpu_ns() - before;
  return done;
}

struct TurnAbout {
  double each_ns = 0.0;   // CPU time of a yield, over both threads
  double switched = 0.0;  // share of the yields that led to a switch
};

/// Two threads of this CPU that yield to each other.
TurnAbout yield_in_turn(int times, std::int64_t end_ns) {
  Yields theirs;
  std::atomic<bool> started{false};
  const std::int64_t before = switches();
  std::thread other{[&] {  // inherits the CPU
    started = true;
    theirs = yields(times, end_ns);
  }};
  while (!started) {
    ::sched_yield();
  }
  const Yields mine = yields(times, end_ns);
  other.join();
  const double count = mine.count + theirs.count;
  return {.each_ns = static_cast<double>(mine.cpu_ns + theirs.cpu_ns) / count,
          .switched = static_cast<double>(switches() - before) / count};
}

/// CPU time of a switch: two threads of one CPU that yield to each other, less a yield alone.
std::vector<double> switch_costs(std::int32_t cpu) {
  constexpr int times = 1000;
  constexpr double enough = 0.5;                // of the yields must have switched
  constexpr std::int64_t longest = 50'000'000;  // of each of 20 runs
  stay_on(cpu);
  double alone = yields(times, wall_ns() + longest).each_ns();
  std::vector<TurnAbout> both;
  for (int i = 0; i < 10; ++i) {
    alone = std::min(alone, yields(times, wall_ns() + longest).each_ns());
    both.push_back(yield_in_turn(times, wall_ns() + longest));
  }
  std::vector<double> costs;
  for (const TurnAbout& turn : both) {
    const double cost = turn.each_ns - alone;
    if (turn.switched > enough && cost > 0.0) {
      costs.push_back(cost / std::min(1.0, turn.switched));
    }
  }
  return costs;
}

/// Wall times from before a write on `from` until the reader on `to` has it, after 2 ms of
/// idleness.
std::vector<double> wake_times(std::int32_t from, std::int32_t to, int count) {
  const PipeEnds pipe;
  std::atomic<std::int64_t> woke{0};
  std::thread reader{[&] {
    stay_on(to);
    char got = 0;
    while (true) {
      pipe.read(&got, 1);
      if (got == 'q') {
        return;
      }
      woke = wall_ns();
    }
  }};
  stay_on(from);
  std::vector<double> times;
  for (int i = 0; i < count; ++i) {
    sleep_ns(2'000'000);
    woke = 0;
    const std::int64_t before = wall_ns();
    pipe.write("x", 1);
    while (woke == 0) {
      if (from == to) {
        ::sched_yield();
      }
    }
    times.push_back(static_cast<double>(woke - before));
  }
  pipe.write("q", 1);
  reader.join();
  return times;
}

/// Lengths of the other's turns, as one of two burners of a CPU sees them.
std::vector<double> turns(std::int32_t cpu) {
  constexpr std::int64_t length_ns = 400'000'000;
  constexpr std::int64_t shortest = 300'000;
  stay_on(cpu);
  std::atomic<bool> stop{false};
  std::thread other{[&] {
    while (!stop) {
    }
  }};
  std::vector<double> gaps;
  const std::int64_t begin = wall_ns();
  std::int64_t last = begin;
  while (last - begin < length_ns) {
    const std::int64_t now = wall_ns();
    if (now - last > shortest) {
      gaps.push_back(static_cast<double>(now - last));
    }
    last = now;
  }
  stop = true;
  other.join();
  return gaps;
}

/// CPU time of a kernel call on `here` while `there` is idle or burns.
std::vector<double> beside(std::int32_t here, std::int32_t there, bool busy) {
  constexpr std::uint64_t iterations = 100'000;
  constexpr std::int64_t window_ns = 30'000'000;
  std::atomic<bool> stop{false};
  std::thread neighbour;
  if (busy) {
    neighbour = std::thread{[&] {
      stay_on(there);
      while (!stop) {
        const volatile std::uint64_t sink = cpp_kernel(1000, 1);
        static_cast<void>(sink);
      }
    }};
  }
  stay_on(here);
  std::vector<double> costs;
  const std::int64_t end = wall_ns() + window_ns;
  while (wall_ns() < end) {
    const std::int64_t before = thread_cpu_ns();
    const volatile std::uint64_t sink = cpp_kernel(iterations, 1);
    static_cast<void>(sink);
    costs.push_back(static_cast<double>(thread_cpu_ns() - before));
  }
  stop = true;
  if (neighbour.joinable()) {
    neighbour.join();
  }
  return costs;
}

/// Waits until `ball` has `value`; false if that takes until `end_ns`: the other thread is not on
/// its CPU.
bool wait_for(const std::atomic<int>& ball, int value, std::int64_t end_ns) {
  for (int spins = 1; ball.load(std::memory_order_acquire) != value; ++spins) {
    if (spins % 4096 == 0 && wall_ns() > end_ns) {
      return false;
    }
  }
  return true;
}

/// One way of a line that two CPUs write in turn; nothing if others held one of them up.
std::optional<double> line_transfer(std::int32_t there) {
  constexpr int trips = 200;  // within a turn of another program, mostly
  constexpr std::int64_t longest = 10'000'000;
  alignas(64) std::atomic<int> ball{0};
  const std::int64_t end_ns = wall_ns() + longest;
  std::thread other{[&] {
    stay_on(there);
    for (int trip = 0; trip < trips && wait_for(ball, 2 * trip + 1, end_ns); ++trip) {
      ball.store(2 * trip + 2, std::memory_order_release);
    }
  }};
  sleep_ns(200'000);
  const std::int64_t before = wall_ns();
  bool whole = true;
  for (int trip = 0; trip < trips && whole; ++trip) {
    ball.store(2 * trip + 1, std::memory_order_release);
    whole = wait_for(ball, 2 * trip + 2, end_ns);
  }
  const double each = static_cast<double>(wall_ns() - before) / (2.0 * trips);
  other.join();
  return whole ? std::optional{each} : std::nullopt;
}

std::vector<double> line_transfers(std::int32_t here, std::int32_t there) {
  stay_on(here);
  std::vector<double> costs;
  for (int i = 0; i < 60; ++i) {
    if (const auto cost = line_transfer(there)) {
      costs.push_back(*cost);
    }
  }
  return costs;
}

constexpr std::size_t far_bytes = std::size_t{64} << 20;  // more than a core's share of a cache
constexpr std::size_t line_cells = 16;                    // of 4 bytes in a line of 64

/// A cycle through all lines in random order (Sattolo's algorithm): each line names the next.
std::vector<std::uint32_t> one_cycle() {
  const std::size_t lines = far_bytes / 64;
  std::vector<std::uint32_t> next(lines);
  std::iota(next.begin(), next.end(), 0U);
  const sim::Random random{1};
  for (std::size_t i = lines - 1; i > 0; --i) {
    std::swap(next[i], next[random.below(sim::DrawKey{.task = static_cast<std::uint32_t>(i)}, i)]);
  }
  std::vector<std::uint32_t> cells(lines * line_cells);
  for (std::size_t line = 0; line < lines; ++line) {
    cells[line * line_cells] = next[line];
  }
  return cells;
}

/// Times of a step of a chase through memory that no cache holds.
std::vector<double> chase() {
  constexpr int steps = 20'000;
  const std::vector<std::uint32_t> cells = one_cycle();
  std::vector<double> each;
  std::uint32_t at = 0;
  for (int i = 0; i < 20; ++i) {
    const std::int64_t before = thread_cpu_ns();
    for (int step = 0; step < steps; ++step) {
      at = cells[std::size_t{at} * line_cells];
    }
    const volatile std::uint32_t sink = at;
    static_cast<void>(sink);
    each.push_back(static_cast<double>(thread_cpu_ns() - before) / steps);
  }
  return each;
}

/// CPU times of reading 64 MiB once, in order.
std::vector<double> passes() {
  const std::vector<std::uint64_t> words(far_bytes / 8, 1);
  std::vector<double> each;
  for (int i = 0; i < 20; ++i) {
    const std::int64_t before = thread_cpu_ns();
    std::array<std::uint64_t, 4> sums{};  // four chains, so that adding does not hold it up
    for (std::size_t at = 0; at < words.size(); at += sums.size()) {
      sums[0] += words[at];
      sums[1] += words[at + 1];
      sums[2] += words[at + 2];
      sums[3] += words[at + 3];
    }
    const volatile std::uint64_t sink = sums[0] + sums[1] + sums[2] + sums[3];
    static_cast<void>(sink);
    each.push_back(static_cast<double>(thread_cpu_ns() - before));
  }
  return each;
}

}  // namespace

void probe_wakes(const std::vector<std::int32_t>& cpus, ProbeGuard& guard) {
  guard.collect("switch", 3, [&] { return switch_costs(cpus.front()); });
  guard.collect("wake_same_cpu", 1, [&] { return wake_times(cpus.front(), cpus.front(), 40); });
  if (cpus.size() < 2) {
    guard.miss("wake_idle_cpu", "this program may use one CPU only");
    return;
  }
  for (int i = 0; i < 2; ++i) {
    guard.collect("wake_idle_cpu", 1, [&] { return wake_times(cpus[0], cpus[1], 40); });
    guard.collect("wake_idle_cpu", 1, [&] { return wake_times(cpus[1], cpus[0], 40); });
  }
  stay_on(cpus);
}

void probe_sharing(const std::vector<std::int32_t>& cpus, ProbeGuard& guard) {
  guard.collect("turn", 2, [&] { return turns(cpus.front()); });
  stay_on(cpus);
  if (cpus.size() < 2) {
    guard.miss("neighbour", "this program may use one CPU only");
    return;
  }
  constexpr int windows = 12;  // of each kind, alternating, so that the host's moods hit both
  for (int i = 0; i < windows; ++i) {
    guard.collect("beside_idle", 1, [&] { return beside(cpus[0], cpus[1], false); });
    guard.collect("beside_busy", 1, [&] { return beside(cpus[0], cpus[1], true); });
  }
  guard.collect("line_transfer", 2, [&] { return line_transfers(cpus[0], cpus[1]); });
  stay_on(cpus);
}

void probe_memory(const std::vector<std::int32_t>& cpus, ProbeGuard& guard) {
  stay_on(cpus.front());
  guard.collect("memory_latency", 1, chase);
  guard.collect("memory_pass_64_mib", 1, passes);
  stay_on(cpus);
}

}  // namespace timeslice::validation
