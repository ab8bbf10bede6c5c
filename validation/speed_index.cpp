#include "validation/speed_index.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <utility>

namespace timeslice::validation {

namespace {

constexpr std::size_t most_steps = 20'000;  // of one CPU's timeline: bounds memory for long runs
constexpr double trusted_ns = 20'000.0;     // nominal work in a step below which clocks are noise

struct Used {
  double used = 0.0;
  double nominal = 0.0;

  void add(double used_ns, double nominal_ns) {
    used += used_ns;
    nominal += nominal_ns;
  }
  [[nodiscard]] bool trusted() const { return nominal >= trusted_ns && used > 0.0; }
  [[nodiscard]] double slowness() const { return used / nominal; }
};

/// Kernel time of one CPU by step of the run.
class Steps {
 public:
  Steps(std::size_t count, double width_ns) : steps_(count), width_{width_ns} {}

  /// Spreads a share of a sample evenly over the stretch [begin, end] of the run [ns].
  void spread(double begin, double end, double used, double nominal) {
    const double length = std::max(end - begin, 1.0);
    for (std::size_t i = step_at(begin); i <= step_at(end); ++i) {
      const double from = std::max(begin, static_cast<double>(i) * width_);
      const double to = std::min(begin + length, static_cast<double>(i + 1) * width_);
      const double share = std::max(0.0, to - from) / length;
      steps_[i].add(used * share, nominal * share);
    }
  }

  /// Where no kernel ran here, what those saw that ran elsewhere just then (`all`).
  [[nodiscard]] models::SpeedTimeline timeline(const Steps& all, double otherwise) const {
    models::SpeedTimeline line;
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      const Used& seen = steps_[i].trusted() ? steps_[i] : all.steps_[i];
      if (!seen.trusted()) {
        continue;
      }
      const double factor = seen.nominal / seen.used;
      const auto from = static_cast<std::int64_t>(static_cast<double>(i) * width_);
      const auto when = line.empty() ? sim::Instant{} : sim::Instant{sim::Duration{from}};
      // Changes below half a percent are the clock's own noise.
      if (line.empty() || std::abs(factor / line.back().factor - 1.0) > 0.005) {
        line.push_back({.from = when, .factor = factor});
      }
    }
    if (line.empty()) {
      line.push_back({.from = sim::Instant{}, .factor = otherwise});
    }
    return line;
  }

 private:
  [[nodiscard]] std::size_t step_at(double time_ns) const {
    const double step = std::max(0.0, time_ns / width_);
    return std::min(static_cast<std::size_t>(step), steps_.size() - 1);
  }

  std::vector<Used> steps_;
  double width_;
};

std::size_t index_in(std::span<const std::int32_t> numbers, std::int32_t number) {
  return static_cast<std::size_t>(std::ranges::find(numbers, number) - numbers.begin());
}

}  // namespace

double mean_slowness(std::span<const KernelSample> samples) {
  Used all;
  for (const KernelSample& sample : samples) {
    all.add(static_cast<double>(sample.used_ns), static_cast<double>(sample.nominal_ns));
  }
  return all.nominal > 0.0 && all.used > 0.0 ? all.used / all.nominal : 1.0;
}

models::SpeedFactors relative_speeds(std::span<const KernelSample> samples, double elsewhere) {
  Used all;
  std::array<Used, 3> by_kernel;
  for (const KernelSample& sample : samples) {
    const auto used = static_cast<double>(sample.used_ns);
    const auto nominal = static_cast<double>(sample.nominal_ns);
    all.add(used, nominal);
    by_kernel[static_cast<std::size_t>(sample.kernel)].add(used, nominal);
  }
  const Used& python = by_kernel[static_cast<std::size_t>(Kernel::python)];
  const Used& held = by_kernel[static_cast<std::size_t>(Kernel::held)];
  Used c_code = by_kernel[static_cast<std::size_t>(Kernel::native)];
  c_code.add(held.used, held.nominal);
  models::SpeedFactors speeds;
  if (!all.trusted()) {
    return speeds;
  }
  if (c_code.trusted()) {
    speeds.native = all.slowness() / c_code.slowness();
  }
  // With nothing but C code in it, a run is as slow as that at least.
  const double bytecode = python.trusted() ? python.slowness()
                          : held.trusted() ? held.slowness()
                                           : std::max(elsewhere, all.slowness());
  speeds.python = all.slowness() / bytecode;
  speeds.kernel = speeds.python;
  return speeds;
}

std::vector<std::int32_t> host_numbers(const models::MachineSpec& machine,
                                       std::span<const std::int32_t> allowed) {
  std::vector<std::int32_t> numbers;
  for (const models::CpuSpec& cpu : machine.cpus) {
    numbers.push_back(static_cast<std::int32_t>(cpu.os_index));
  }
  const bool all_here = std::ranges::all_of(numbers, [&](std::int32_t number) {
    return std::ranges::find(allowed, number) != allowed.end();
  });
  if (all_here && numbers.size() == allowed.size()) {
    return numbers;
  }
  // Another machine's numbers: its CPUs run on the first ones allowed here, in order.
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    numbers[i] = i < allowed.size() ? allowed[i] : -1;
  }
  return numbers;
}

std::vector<double> slowness_by_cpu(std::span<const KernelSample> samples,
                                    std::span<const std::int32_t> numbers) {
  std::vector<Used> sums(numbers.size() + 1);  // the last: CPUs that are not the machine's
  for (const KernelSample& sample : samples) {
    const double used = static_cast<double>(sample.used_ns) / 2.0;
    const double nominal = static_cast<double>(sample.nominal_ns) / 2.0;
    sums[index_in(numbers, sample.cpu_first)].add(used, nominal);
    sums[index_in(numbers, sample.cpu_last)].add(used, nominal);
  }
  std::vector<double> slowness;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    slowness.push_back(sums[i].nominal > 0.0 ? sums[i].used / sums[i].nominal : 0.0);
  }
  return slowness;
}

std::vector<models::SpeedTimeline> speed_timelines(std::span<const KernelSample> samples,
                                                   std::span<const std::int32_t> numbers,
                                                   sim::Duration step) {
  double end = 0.0;
  for (const KernelSample& sample : samples) {
    end = std::max(end, static_cast<double>(sample.end_ns));
  }
  const double width =
      std::max(static_cast<double>(step.count()), end / static_cast<double>(most_steps - 1));
  const auto count = static_cast<std::size_t>(end / width) + 1;
  const models::SpeedFactors speeds = relative_speeds(samples, 0.0);
  std::vector<Steps> by_cpu(numbers.size() + 1, Steps{count, width});
  Steps all{count, width};
  for (const KernelSample& sample : samples) {
    const auto begin = static_cast<double>(sample.begin_ns);
    const auto finish = static_cast<double>(sample.end_ns);
    const double middle = (begin + finish) / 2.0;
    const double kind = sample.kernel == Kernel::python ? speeds.python : speeds.native;
    const double used = static_cast<double>(sample.used_ns) / 2.0;
    const double nominal = static_cast<double>(sample.nominal_ns) / kind / 2.0;
    by_cpu[index_in(numbers, sample.cpu_first)].spread(begin, middle, used, nominal);
    by_cpu[index_in(numbers, sample.cpu_last)].spread(middle, finish, used, nominal);
    all.spread(begin, finish, 2.0 * used, 2.0 * nominal);
  }
  std::vector<models::SpeedTimeline> lines;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    lines.push_back(by_cpu[i].timeline(all, 1.0 / mean_slowness(samples)));
  }
  return lines;
}

std::vector<models::SpeedTimeline> random_timelines(std::span<const SlownessTrace> traces,
                                                    std::span<const std::int32_t> numbers,
                                                    sim::Duration length,
                                                    const sim::Random& random) {
  std::vector<models::SpeedTimeline> lines;
  if (traces.empty()) {
    return lines;
  }
  for (std::size_t cpu = 0; cpu < numbers.size(); ++cpu) {
    auto found = std::ranges::find(traces, numbers[cpu], &SlownessTrace::cpu);
    const SlownessTrace& trace = found == traces.end() ? traces[cpu % traces.size()] : *found;
    models::SpeedTimeline line;
    const std::size_t period = trace.slowness.size();
    const sim::DrawKey key{.task = sim::hash_name32("speed trace"),
                           .item = static_cast<std::uint32_t>(cpu),
                           .step = 0,
                           .count = 0};
    std::size_t at = period == 0 ? 0 : random.below(key, period);
    sim::Instant now{};
    for (std::size_t i = 0; i < most_steps && period > 0 && now.time_since_epoch() < length; ++i) {
      const double slowness = trace.slowness[at];
      line.push_back({.from = now, .factor = 1.0 / slowness});
      now += sim::Duration{
          static_cast<std::int64_t>(static_cast<double>(trace.step.count()) * slowness)};
      at = (at + 1) % period;
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace timeslice::validation
