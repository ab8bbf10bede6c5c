#include "validation/native/proc_sampler.hpp"

#include <chrono>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace timeslice::validation {
namespace {

using namespace std::chrono_literals;

std::int64_t clock_ns() {
  return std::chrono::steady_clock::now().time_since_epoch() / 1ns;
}

/// A process in a group of its own that touches 20 MiB, has a child, and waits.
pid_t family() {
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::setpgid(0, 0);
    std::vector<char> touched(20U << 20U, 'x');
    const pid_t child = ::fork();
    std::this_thread::sleep_for(400ms);
    if (child > 0) {
      ::waitpid(child, nullptr, 0);
    }
    ::_exit(touched.back() == 'x' ? 0 : 1);
  }
  ::setpgid(pid, pid);
  return pid;
}

TEST(ProcSampler, sees_a_group_with_its_memory_threads_and_switches) {
  const std::int64_t start = clock_ns();
  const pid_t pid = family();
  ProcSampler sampler{pid, 20ms};
  ::waitpid(pid, nullptr, 0);
  sampler.stop();
  models::Timings timings;
  sampler.add_to(timings, start, clock_ns());
  bool saw_both = false;
  for (const models::ProcessSample& sample : timings.process_samples) {
    EXPECT_GE(sample.cpu_percent, 0.0);
    EXPECT_LE(sample.pss, sample.rss + 4096);
    if (sample.process == "main") {
      EXPECT_EQ(sample.threads, 1U);
    }
    saw_both = saw_both || (sample.process.empty() && sample.threads == 2 &&
                            sample.rss > (40LL << 20) && sample.pss < sample.rss - (15LL << 20));
  }
  EXPECT_TRUE(saw_both) << "two processes that share 20 MiB";
  EXPECT_FALSE(timings.cpu_samples.empty());
  EXPECT_EQ(timings.sample_period, sim::Duration{20ms});
}

TEST(ProcSampler, ends_when_its_group_is_gone) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::_exit(0);
  }
  ::waitpid(pid, nullptr, 0);
  ProcSampler sampler{pid, 5ms};
  sampler.stop();
  models::Timings timings;
  sampler.add_to(timings, 0, clock_ns());
  EXPECT_TRUE(timings.process_samples.empty());
}

}  // namespace
}  // namespace timeslice::validation
