// Probes of ways through the kernel: calling an idle CPU, beginning there, coming back to a busy
// one after a short or a long while, sleeping for less than a tick.

#include <thread>

#include "validation/calibrate/cpp_kernel.hpp"
#include "validation/calibrate/host_probes.hpp"
#include "validation/calibrate/probe_tools.hpp"

namespace timeslice::validation {

namespace {

constexpr std::int64_t short_while_ns = 100'000;
constexpr std::int64_t long_while_ns = 8'000'000;  // caches have lost what is not used

void spin_until(std::int64_t end_ns) {
  while (wall_ns() < end_ns) {
  }
}

/// CPU times of this thread's calls, clocks included.
struct Calls {
  std::vector<double> writes;  // that wake the other thread
  std::vector<double> reads;   // that sleep until it answers
};

/// A thread on `there` that answers a byte after `away_ns` of work; this one works as long before.
Calls ping_pong(std::int32_t here, std::int32_t there, std::int64_t away_ns, int rounds) {
  const PipeEnds ask;
  const PipeEnds answer;
  std::thread other{[&] {
    stay_on(there);
    char got = 0;
    for (ask.read(&got, 1); got != 'q'; ask.read(&got, 1)) {
      spin_until(wall_ns() + away_ns);
      answer.write("y", 1);
    }
  }};
  stay_on(here);
  Calls calls;
  for (int i = 0; i < rounds; ++i) {
    char got = 0;
    spin_until(wall_ns() + away_ns);
    const std::int64_t before = thread_cpu_ns();
    ask.write("x", 1);
    const std::int64_t between = thread_cpu_ns();
    answer.read(&got, 1);
    calls.writes.push_back(static_cast<double>(between - before));
    calls.reads.push_back(static_cast<double>(thread_cpu_ns() - between));
  }
  ask.write("q", 1);
  other.join();
  return calls;
}

std::vector<double> short_sleeps() {
  std::vector<double> costs;
  for (int i = 0; i < 60; ++i) {
    const std::int64_t before = thread_cpu_ns();
    sleep_ns(short_while_ns);
    costs.push_back(static_cast<double>(thread_cpu_ns() - before));
  }
  return costs;
}

}  // namespace

void probe_paths(const std::vector<std::int32_t>& cpus, ProbeGuard& guard) {
  const std::int32_t here = cpus.front();
  guard.collect("read_busy_cpu", 2,
                [&] { return ping_pong(here, here, short_while_ns, 40).reads; });
  guard.collect("read_busy_cpu_later", 1,
                [&] { return ping_pong(here, here, long_while_ns, 25).reads; });
  guard.collect("sleep_short", 2, short_sleeps);
  if (cpus.size() < 2) {
    guard.miss("idle_call", "this program may use one CPU only");
  } else {
    guard.collect("write_idle_cpu", 2,
                  [&] { return ping_pong(here, cpus[1], short_while_ns, 60).writes; });
    guard.collect("read_idle_cpu", 2,
                  [&] { return ping_pong(here, cpus[1], short_while_ns, 60).reads; });
  }
  stay_on(cpus);
}

}  // namespace timeslice::validation
