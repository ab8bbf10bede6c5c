// Probes of single calls: into the kernel, through a pipe, onto fresh pages, into a C++ pool.

#include <array>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include <sys/syscall.h>
#include <unistd.h>

#include "validation/calibrate/cpp_kernel.hpp"
#include "validation/calibrate/host_probes.hpp"
#include "validation/calibrate/probe_tools.hpp"

namespace timeslice::validation {

namespace {

constexpr int batch = 200;
constexpr std::size_t message = 100;     // bytes: a task of a Pool
constexpr std::size_t large = 64 << 10;  // bytes: what a pipe holds
/// Bytes walked between cold samples: more than a level-1 cache, less than a level-2 cache, as
/// interpreters and work that stays in cache have.
constexpr std::size_t walked = 128 << 10;
constexpr std::int64_t away_ns = 1'000'000;  // how long they are walked
using Message = std::array<char, message>;

std::vector<double> batches(int count, const std::function<void()>& call) {
  std::vector<double> each;
  for (int i = 0; i < count; ++i) {
    each.push_back(cpu_of_each(batch, call));
  }
  return each;
}

/// Other work on this CPU for a millisecond: what it read and wrote before is no longer at hand.
void be_away(const SmallPages& ground) {
  const std::int64_t end = wall_ns() + away_ns;
  while (wall_ns() < end) {
    for (std::size_t at = 0; at < ground.size(); at += 64) {
      auto* const cell = static_cast<volatile std::byte*>(ground.data() + at);
      *cell = static_cast<std::byte>(static_cast<unsigned char>(*cell) + 1U);
    }
  }
}

double cpu_of_one(const std::function<void()>& call) {
  const std::int64_t before = thread_cpu_ns();
  call();
  return static_cast<double>(thread_cpu_ns() - before);
}

/// Write and read of a pipe after other work; the two together, halved by who uses them.
void probe_cold_pipe(ProbeGuard& guard) {
  const PipeEnds pipe;
  const SmallPages ground{walked};
  Message data{};
  const auto write = [&] { pipe.write(data.data(), data.size()); };
  const auto read = [&] { pipe.read(data.data(), data.size()); };
  guard.collect("pipe_cold", 4, [&] {
    std::vector<double> both;
    for (int i = 0; i < 30; ++i) {
      be_away(ground);
      const double put = cpu_of_one(write);
      be_away(ground);
      both.push_back(put + cpu_of_one(read));
    }
    return both;
  });
}

/// CPU times of 1-byte writes, each 0.3 ms after the one before: a reader sleeps by then.
std::vector<double> spaced_writes(const PipeEnds& pipe, const std::function<void()>& after) {
  std::vector<double> costs;
  for (int i = 0; i < 60; ++i) {
    sleep_ns(300'000);
    costs.push_back(cpu_of_one([&] { pipe.write("x", 1); }));
    after();
  }
  return costs;
}

/// A write that finds a sleeping reader, and one that finds none.
void probe_waking_write(ProbeGuard& guard) {
  const PipeEnds there;
  std::thread reader{[&] {
    char got = 0;
    while (got != 'q') {
      there.read(&got, 1);
    }
  }};
  guard.collect("write_waking", 4, [&] { return spaced_writes(there, [] {}); });
  there.write("q", 1);
  reader.join();
  const PipeEnds alone;
  char got = 0;
  guard.collect("write_alone", 4,
                [&] { return spaced_writes(alone, [&] { alone.read(&got, 1); }); });
}

/// What a C++ pool does for a task beside running it: a node, a call, two locks and unlocks.
void probe_cpp_task(ProbeGuard& guard) {
  std::mutex lock;
  std::deque<std::function<void()>> tasks;
  volatile int done = 0;
  const auto task = [&] {
    {
      const std::scoped_lock held{lock};
      tasks.emplace_back([&done] { done = done + 1; });
    }
    std::function<void()> mine;
    {
      const std::scoped_lock held{lock};
      mine = std::move(tasks.front());
      tasks.pop_front();
    }
    mine();
  };
  guard.collect("cpp_task", 3, [&] { return batches(10, task); });
}

}  // namespace

void probe_calls(ProbeGuard& guard) {
  guard.collect("clock", 3, [] { return batches(10, [] { static_cast<void>(thread_cpu_ns()); }); });
  guard.collect("syscall", 3, [] { return batches(10, [] { ::syscall(SYS_getppid); }); });
  const PipeEnds pipe;
  Message data{};
  guard.collect("pipe_warm", 3, [&] {
    return batches(10, [&] {
      pipe.write(data.data(), data.size());
      pipe.read(data.data(), data.size());
    });
  });
  std::vector<char> block(large);
  guard.collect("pipe_64k", 3, [&] {
    std::vector<double> each;
    for (int i = 0; i < 20; ++i) {
      each.push_back(cpu_of_each(20, [&] {
        pipe.write(block.data(), block.size());
        pipe.read(block.data(), block.size());
      }));
    }
    return each;
  });
  probe_cold_pipe(guard);
  probe_waking_write(guard);
  guard.collect("page_fault", 4, [] {
    std::vector<double> each;
    for (int i = 0; i < 12; ++i) {
      const SmallPages fresh{std::size_t{4} << 20};
      const double all = cpu_of_one([&] { fresh.touch(); });
      const std::size_t pages = fresh.size() / SmallPages::page;
      each.push_back(all / static_cast<double>(pages));
    }
    return each;
  });
  probe_cpp_task(guard);
}

}  // namespace timeslice::validation
