#include "validation/native/cpp_threads_runner.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <type_traits>
#include <utility>

#include <sched.h>

#include "scenarios/simulate.hpp"
#include "validation/native/cpp_execute.hpp"
#include "validation/native/program.hpp"
#include "validation/native/python_runner.hpp"

namespace timeslice::validation {

namespace {

/// Numbers as bytes, between a process and its forked copy: same program, same layout.
class Bytes {
 public:
  template <typename T>
  void add(const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    text_.append(reinterpret_cast<const char*>(&value), sizeof value);  // NOLINT: plain bytes
  }
  template <typename T>
  void add(const std::vector<T>& values) {
    add(values.size());
    text_.append(reinterpret_cast<const char*>(values.data()),  // NOLINT: plain bytes
                 values.size() * sizeof(T));
  }
  [[nodiscard]] std::string text() && { return std::move(text_); }

 private:
  std::string text_;
};

class NumberReader {
 public:
  explicit NumberReader(const std::string& text) : text_{text} {}

  template <typename T>
  bool take(T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    return take_bytes(&value, sizeof value);
  }
  template <typename T>
  bool take(std::vector<T>& values) {
    std::size_t size = 0;
    if (!take(size) || size > text_.size() / sizeof(T)) {
      return false;
    }
    values.resize(size);
    return size == 0 || take_bytes(values.data(), size * sizeof(T));
  }

 private:
  bool take_bytes(void* into, std::size_t size) {
    if (text_.size() - at_ < size) {
      return false;
    }
    std::memcpy(into, text_.data() + at_, size);
    at_ += size;
    return true;
  }

  const std::string& text_;
  std::size_t at_ = 0;
};

std::string to_bytes(const CppResult& result) {
  Bytes bytes;
  bytes.add(result.start_ns);
  bytes.add(result.end_ns);
  bytes.add(result.cpu_ns);
  bytes.add(result.voluntary);
  bytes.add(result.involuntary);
  bytes.add(result.samples);
  return std::move(bytes).text();
}

bool from_bytes(const std::string& text, CppResult& result) {
  NumberReader reader{text};
  return reader.take(result.start_ns) && reader.take(result.end_ns) && reader.take(result.cpu_ns) &&
         reader.take(result.voluntary) && reader.take(result.involuntary) &&
         reader.take(result.samples);
}

void keep_to(const std::vector<std::int32_t>& cpus, std::size_t count) {
  if (count == 0 || count >= cpus.size()) {
    return;
  }
  cpu_set_t set;
  CPU_ZERO(&set);
  for (std::size_t i = 0; i < count; ++i) {
    CPU_SET(static_cast<std::size_t>(cpus[i]), &set);
  }
  ::sched_setaffinity(0, sizeof set, &set);
}

void fill(const CppResult& result, const models::WorldSpec& world, const NativeProgram& program,
          NativeRun& run) {
  run.start_ns = result.start_ns;
  run.samples = result.samples;
  for (KernelSample& sample : run.samples) {
    sample.begin_ns -= result.start_ns;
    sample.end_ns -= result.start_ns;
  }
  std::ranges::sort(run.samples, {}, &KernelSample::begin_ns);
  std::uint64_t items = 0;
  for (const Batch& batch : program.batches) {
    items += batch.items.size();
  }
  add_metrics({.makespan = sim::Duration{result.end_ns - result.start_ns},
               .own = {.cpu = sim::Duration{result.cpu_ns},
                       .voluntary = result.voluntary,
                       .involuntary = result.involuntary},
               .cpus = world.machine.cpus.size(),
               .items = items},
              run.timings);
}

/// CPU time of a short kernel call less what its sample saw: the lowest tenth of 200.
sim::Duration harness_cost(const KernelCost& kernel) {
  std::vector<std::int64_t> costs;
  for (int i = 0; i < 200; ++i) {
    std::vector<KernelSample> samples;
    samples.reserve(1);
    const std::int64_t before = thread_cpu_ns();
    run_cpp_kernel(kernel, 1, samples);
    const std::int64_t total = thread_cpu_ns() - before;
    costs.push_back(total - samples.front().used_ns);
  }
  std::ranges::sort(costs);
  return sim::Duration{std::max<std::int64_t>(0, costs[costs.size() / 10])};
}

}  // namespace

CppThreadsRunner::CppThreadsRunner(std::shared_ptr<const HostCalibration> calibration,
                                   ChildLimits limits, sim::Duration part)
    : calibration_{std::move(calibration)}, limits_{std::move(limits)}, part_{part} {}

NativeRun CppThreadsRunner::measure(const scenarios::Scenario& scenario, std::uint64_t repetition,
                                    const scenarios::RunOptions& options) {
  NativeRun run;
  run.timings.seed = scenarios::run_seed(scenario, repetition);
  run.timings.status = models::RunStatus::failed;
  const NativeProgram program = expand(scenario.world, run.timings.seed);
  ChildLimits limits = limits_;
  limits.wall = std::min(limits.wall, wall_limit(totals(program).all()));
  if (options.give_up) {
    limits.give_up = options.give_up;
  }
  const HostCpuTimes before = host_cpu_times();
  const auto body = [&] {
    keep_to(calibration_->cpus, scenario.world.machine.cpus.size());
    return to_bytes(execute_cpp(scenario.world, program, calibration_->cpp_kernel, part_));
  };
  const auto outcome = run_forked(body, limits);
  if (!outcome) {
    run.timings.error = outcome.error().what;
    return run;
  }
  note_disturbance(before, host_cpu_times(), outcome.value().cpu, run);
  run.root = outcome.value().group;
  CppResult result;
  if (!outcome.value().succeeded()) {
    note_failure(outcome.value(), run.timings);
  } else if (from_bytes(outcome.value().out, result)) {
    fill(result, scenario.world, program, run);
    run.timings.status = models::RunStatus::ok;
  } else {
    run.timings.error = "the measured program's answer is cut off";
  }
  return run;
}

sim::Result<CppSamples> sample_cpp_in_child(const std::vector<std::int32_t>& cpus,
                                            sim::Duration time,
                                            const std::function<bool()>& give_up) {
  ChildLimits limits;
  limits.wall = time * 4 + std::chrono::seconds{30};
  limits.give_up = give_up;
  const auto body = [&] {
    const KernelSamples samples = sample_cpp_kernel(cpus, time);
    Bytes bytes;
    bytes.add(samples.iterations);
    for (const CpuSamples& cpu : samples.by_cpu) {
      bytes.add(cpu.used_ns);
    }
    bytes.add(samples.fixed_ns);
    bytes.add(harness_cost(condense(samples)).count());
    return std::move(bytes).text();
  };
  const auto outcome = run_forked(body, limits);
  if (!outcome) {
    return outcome.error();
  }
  CppSamples result;
  NumberReader reader{outcome.value().out};
  bool whole = outcome.value().succeeded() && reader.take(result.kernel.iterations);
  for (const std::int32_t cpu : cpus) {
    result.kernel.by_cpu.push_back({.cpu = cpu, .used_ns = {}});
    whole = whole && reader.take(result.kernel.by_cpu.back().used_ns);
  }
  std::int64_t harness = 0;
  whole = whole && reader.take(result.kernel.fixed_ns) && reader.take(harness);
  if (!whole) {
    return sim::Error{.where = "calibration of the C++ kernel",
                      .what = describe(outcome.value()),
                      .advice = "try again on a quieter machine"};
  }
  result.harness = sim::Duration{harness};
  return result;
}

}  // namespace timeslice::validation
