// Probes of starts and ends: threads, processes; and of timers: sleep, tick.

#include <algorithm>
#include <fstream>
#include <map>
#include <thread>

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>  // NOLINT(modernize-deprecated-headers): clock_gettime is POSIX
#include <unistd.h>

#include "validation/calibrate/cpp_kernel.hpp"
#include "validation/calibrate/host_probes.hpp"
#include "validation/calibrate/probe_tools.hpp"

namespace timeslice::validation {

namespace {

/// CPU time so far of all threads of this process, also of those that are gone.
std::int64_t process_cpu_ns() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

/// CPU time of a thread behind its last line: what the process used beyond what its two threads
/// read on their own clocks.
double end_of_a_thread() {
  std::int64_t last_line = 0;
  const std::int64_t all = process_cpu_ns();
  const std::int64_t own = thread_cpu_ns();
  std::thread thread{[&last_line] { last_line = thread_cpu_ns(); }};
  thread.join();
  sleep_ns(200'000);  // join() returns while the kernel still ends it
  const std::int64_t mine = thread_cpu_ns() - own;
  return static_cast<double>(process_cpu_ns() - all - mine - last_line);
}

/// CPU time that creating a thread takes its creator, and its end itself.
void probe_threads(ProbeGuard& guard) {
  guard.collect("thread_start", 4, [] {
    std::vector<double> starts;
    for (int i = 0; i < 25; ++i) {
      const std::int64_t before = thread_cpu_ns();
      std::thread thread{[] {}};
      starts.push_back(static_cast<double>(thread_cpu_ns() - before));
      thread.join();
    }
    return starts;
  });
  guard.collect("thread_exit", 2, [] {
    std::vector<double> ends;
    for (int i = 0; i < 25; ++i) {
      ends.push_back(end_of_a_thread());
    }
    return ends;
  });
}

std::int64_t cpu_of(const rusage& usage) {
  const auto of = [](const timeval& time) {
    return time.tv_sec * 1'000'000'000 + time.tv_usec * 1'000;
  };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

/// One fork of this process: what the call takes the parent, and the child's end beyond its last
/// line. -1: there was no child.
struct Forked {
  double fork = -1.0;
  double exit = 0.0;
};

Forked fork_once(std::int64_t* last_reading) {
  const std::int64_t before = thread_cpu_ns();
  const pid_t child = ::fork();
  if (child == 0) {
    *last_reading = thread_cpu_ns();
    ::_exit(0);
  }
  const auto forked = static_cast<double>(thread_cpu_ns() - before);
  rusage usage{};
  if (child < 0 || ::wait4(child, nullptr, 0, &usage) != child) {
    return {};
  }
  const auto end = static_cast<double>(cpu_of(usage) - *last_reading);
  return {.fork = forked, .exit = std::max(0.0, end)};
}

/// Resident memory that is not a file's: what a fork copies the tables of.
double own_bytes() {
  std::ifstream file{"/proc/self/statm"};
  double size = 0.0;
  double resident = 0.0;
  double of_files = 0.0;
  file >> size >> resident >> of_files;
  return (resident - of_files) * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

void probe_processes(ProbeGuard& guard) {
  void* const shared =
      ::mmap(nullptr, SmallPages::page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) {
    guard.miss("fork", "no memory");
    return;
  }
  auto* const reading = static_cast<std::int64_t*>(shared);
  const auto forks = [&](int count, double Forked::* part) {
    std::vector<double> costs;
    for (int i = 0; i < count; ++i) {
      const Forked one = fork_once(reading);
      if (one.fork >= 0.0) {
        costs.push_back(one.*part);
      }
    }
    return costs;
  };
  guard.collect("fork", 4, [&] { return forks(15, &Forked::fork); });
  guard.collect("process_exit", 4, [&] { return forks(15, &Forked::exit); });
  guard.collect("own_memory", 1, [] { return std::vector<double>{own_bytes()}; });
  const SmallPages ballast{std::size_t{64} << 20};
  if (ballast.data() != nullptr) {
    ballast.touch();
    guard.collect("fork_64_mib_more", 3, [&] { return forks(5, &Forked::fork); });
  }
  ::munmap(shared, SmallPages::page);
}

std::vector<double> overshoots(std::int64_t length_ns, int count) {
  std::vector<double> late;
  for (int i = 0; i < count; ++i) {
    const std::int64_t before = wall_ns();
    sleep_ns(length_ns);
    late.push_back(static_cast<double>(wall_ns() - before - length_ns));
  }
  return late;
}

struct Gap {
  std::int64_t at_ns = 0;
  std::int64_t length_ns = 0;
};

/// Times that this thread was off its loop for 0.3 us to 10 us within `length_ns`.
std::vector<Gap> short_gaps(std::int64_t length_ns) {
  constexpr std::int64_t shortest = 300;
  constexpr std::int64_t longest = 10'000;  // longer ones are other programs'
  std::vector<Gap> gaps;
  const std::int64_t begin = wall_ns();
  std::int64_t last = begin;
  while (last - begin < length_ns) {
    const std::int64_t now = wall_ns();
    if (now - last >= shortest && now - last <= longest) {
      gaps.push_back({.at_ns = last, .length_ns = now - last});
    }
    last = now;
  }
  return gaps;
}

/// Gaps that come at one phase of the tick, the one with the most; none if less than half of the
/// ticks show.
std::vector<double> tick_gaps(std::int64_t tick_ns, std::int64_t length_ns) {
  constexpr std::int64_t bin_ns = 20'000;
  std::map<std::int64_t, std::vector<double>> by_phase;
  for (const Gap& gap : short_gaps(length_ns)) {
    by_phase[gap.at_ns % tick_ns / bin_ns].push_back(static_cast<double>(gap.length_ns));
  }
  std::vector<double> most;
  for (auto& [phase, lengths] : by_phase) {
    most = lengths.size() > most.size() ? std::move(lengths) : std::move(most);
  }
  const auto ticks = static_cast<std::size_t>(length_ns / tick_ns);
  return most.size() * 2 >= ticks ? most : std::vector<double>{};
}

}  // namespace

void probe_starts(ProbeGuard& guard) {
  probe_threads(guard);
  probe_processes(guard);
}

void probe_timers(ProbeGuard& guard) {
  guard.collect("sleep_1ms", 3, [] { return overshoots(1'000'000, 30); });
  guard.collect("sleep_5ms", 1, [] { return overshoots(5'000'000, 20); });
  guard.collect("sleep_20ms", 1, [] { return overshoots(20'000'000, 8); });
  guard.collect("timer_slack", 1, [] {
    return std::vector<double>{static_cast<double>(::prctl(PR_GET_TIMERSLACK))};
  });
  timespec coarse{};
  ::clock_getres(CLOCK_MONOTONIC_COARSE, &coarse);
  const std::int64_t tick_ns = coarse.tv_sec * 1'000'000'000 + coarse.tv_nsec;
  guard.collect("tick_period", 1,
                [&] { return std::vector<double>{static_cast<double>(tick_ns)}; });
  guard.collect("tick", 2, [&] { return tick_gaps(tick_ns, 50 * tick_ns); });
  if (guard.samples().find("tick") == nullptr) {
    guard.miss("tick", "no interruption comes at the tick's period");
  }
}

}  // namespace timeslice::validation
