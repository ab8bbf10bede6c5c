#include "validation/calibrate/cpp_kernel.hpp"

#include <algorithm>
#include <cmath>

#include <sched.h>
#include <time.h>  // NOLINT(modernize-deprecated-headers): clock_gettime is POSIX

#include "validation/statistics.hpp"

namespace timeslice::validation {

namespace {

/// Quantile that stands for the undisturbed core: stable to 0.5-2 % over 1-2 s that hold a fast
/// spell, where the mean moves by 10-25 % (measured on a 2-CPU KVM guest with noisy neighbours).
constexpr double low_quantile = 0.05;

std::int64_t read_clock(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

void move_to(std::int32_t cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<std::size_t>(cpu), &set);
  ::sched_setaffinity(0, sizeof set, &set);
}

std::int64_t used_by(std::uint64_t iterations) {
  const std::int64_t before = thread_cpu_ns();
  const volatile std::uint64_t sink = cpp_kernel(iterations, iterations);
  static_cast<void>(sink);
  return thread_cpu_ns() - before;
}

std::vector<double> as_doubles(const std::vector<std::int64_t>& values) {
  return {values.begin(), values.end()};
}

/// Relative difference between the low quantiles of the first and the second half.
double disagreement(const std::vector<double>& samples) {
  if (samples.size() < 40) {
    return 0.0;
  }
  const auto middle = samples.begin() + static_cast<std::ptrdiff_t>(samples.size() / 2);
  const double first = quantile({samples.begin(), middle}, low_quantile);
  const double second = quantile({middle, samples.end()}, low_quantile);
  return std::abs(first - second) / std::min(first, second);
}

}  // namespace

std::uint64_t cpp_kernel(std::uint64_t iterations, std::uint64_t seed) {
  // Multiplier and increment of Knuth's MMIX generator; about 1.2 ns an iteration at 4 GHz.
  std::uint64_t value = seed;
  for (std::uint64_t i = 0; i < iterations; ++i) {
    value = value * 6364136223846793005ULL + 1442695040888963407ULL;
    value ^= value >> 29U;  // no closed form: the loop cannot be skipped
  }
  return value;
}

std::int64_t thread_cpu_ns() {
  return read_clock(CLOCK_THREAD_CPUTIME_ID);
}
std::int64_t wall_ns() {
  return read_clock(CLOCK_MONOTONIC);
}

std::uint64_t iterations_for(const KernelCost& kernel, double nominal_ns) {
  const double count = (nominal_ns - kernel.fixed_ns) / kernel.per_iteration_ns;
  return count < 1.0 ? 1 : static_cast<std::uint64_t>(count + 0.5);
}

KernelCost condense(const KernelSamples& samples) {
  KernelCost cost;
  cost.fixed_ns =
      samples.fixed_ns.empty() ? 0.0 : quantile(as_doubles(samples.fixed_ns), low_quantile);
  double least = 0.0;
  for (const CpuSamples& cpu : samples.by_cpu) {
    if (cpu.used_ns.empty()) {
      continue;
    }
    const std::vector<double> used = as_doubles(cpu.used_ns);
    const double low = quantile(used, low_quantile);
    cost.disagreement = std::max(cost.disagreement, disagreement(used));
    cost.spread = std::max(cost.spread, quantile(used, 0.5) / low - 1.0);
    least = least == 0.0 ? low : std::min(least, low);
  }
  cost.per_iteration_ns = (least - cost.fixed_ns) / static_cast<double>(samples.iterations);
  return cost;
}

std::vector<SlownessTrace> traces_of(const KernelSamples& samples, const KernelCost& cost) {
  const double nominal =
      cost.fixed_ns + cost.per_iteration_ns * static_cast<double>(samples.iterations);
  std::vector<SlownessTrace> traces;
  for (const CpuSamples& cpu : samples.by_cpu) {
    SlownessTrace trace{
        .cpu = cpu.cpu, .step = sim::Duration{static_cast<std::int64_t>(nominal)}, .slowness = {}};
    for (const std::int64_t used : cpu.used_ns) {
      trace.slowness.push_back(static_cast<double>(used) / nominal);
    }
    traces.push_back(std::move(trace));
  }
  return traces;
}

KernelSamples sample_cpp_kernel(const std::vector<std::int32_t>& cpus, sim::Duration time) {
  KernelSamples samples;
  samples.iterations = 1024;
  while (used_by(samples.iterations) < 1'000'000) {
    samples.iterations *= 2;
  }
  for (const std::int32_t cpu : cpus) {
    samples.by_cpu.push_back({.cpu = cpu, .used_ns = {}});
  }
  const std::int64_t end = wall_ns() + time.count();
  do {
    for (CpuSamples& here : samples.by_cpu) {
      move_to(here.cpu);
      const std::int64_t leave = wall_ns() + 50'000'000;  // a stay of 50 ms, then the next CPU
      while (wall_ns() < leave) {
        here.used_ns.push_back(used_by(samples.iterations));
      }
    }
  } while (wall_ns() < end);
  for (int i = 0; i < 300; ++i) {
    samples.fixed_ns.push_back(used_by(1));
  }
  return samples;
}

}  // namespace timeslice::validation
