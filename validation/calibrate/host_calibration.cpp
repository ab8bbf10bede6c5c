#include "validation/calibrate/host_calibration.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sched.h>
#include <unistd.h>

#include "validation/calibrate/cpp_kernel.hpp"
#include "validation/calibrate/quick.hpp"
#include "validation/native/child.hpp"
#include "validation/native/cpp_threads_runner.hpp"
#include "validation/native/script_folder.hpp"

namespace timeslice::validation {

namespace {

using nlohmann::json;

KernelSamples read_samples(const json& answer, const char* kernel) {
  KernelSamples samples;
  samples.iterations = answer.at("iterations").at(kernel).get<std::uint64_t>();
  samples.fixed_ns = answer.at("fixed").at(kernel).get<std::vector<std::int64_t>>();
  for (const json& cpu : answer.at("samples").at(kernel)) {
    samples.by_cpu.push_back({.cpu = cpu.at("cpu").get<std::int32_t>(),
                              .used_ns = cpu.at("used").get<std::vector<std::int64_t>>()});
  }
  return samples;
}

sim::Duration low_of(std::vector<double> values) {
  std::ranges::sort(values);
  return sim::Duration{static_cast<std::int64_t>(values[values.size() / 10])};
}

void judge(const std::string& name, const KernelCost& cost, HostCalibration& calibration) {
  calibration.notes.push_back(fmt::format(
      "{} kernel: {:.2f} ns an iteration on the undisturbed core, typically {:.0f} % slower", name,
      cost.per_iteration_ns, cost.spread * 100.0));
  // 2 %: what low quantiles over 1-2 s reach where each window holds a fast spell.
  if (cost.disagreement > 0.02) {
    calibration.warnings.push_back(fmt::format(
        "the nominal speed of the {} kernel is known to {:.0f} % only: this host is noisy", name,
        cost.disagreement * 100.0));
  }
}

void read_kernels(const std::string& text, HostCalibration& calibration) {
  const json answer = json::parse(text);
  calibration.version = {.major = answer.at("version").at(0).get<int>(),
                         .minor = answer.at("version").at(1).get<int>()};
  const KernelSamples python = read_samples(answer, "python");
  calibration.python_kernel = condense(python);
  calibration.native_kernel = condense(read_samples(answer, "native"));
  calibration.held_kernel = condense(read_samples(answer, "held"));
  calibration.traces = traces_of(python, calibration.python_kernel);
  calibration.resident = models::Bytes{answer.at("resident").get<std::int64_t>()};
  calibration.harness_python = low_of(answer.at("harness").get<std::vector<double>>());
  judge("python", calibration.python_kernel, calibration);
  judge("native", calibration.native_kernel, calibration);
  calibration.notes.push_back(
      fmt::format("the harness adds {:.2f} us of bytecode to each kernel call; the model does too",
                  static_cast<double>(calibration.harness_python.count()) / 1000.0));
}

sim::Result<std::string> run_script(const CalibrationOptions& options, const ScriptFolder& folder,
                                    const char* mode, double nominal_pace_ns = 0.0) {
  const double seconds = std::chrono::duration<double>(options.kernel_time).count();
  ChildLimits limits;
  limits.wall = options.kernel_time * 2 + std::chrono::seconds{60};
  limits.give_up = options.give_up;
  auto outcome = run_program(
      {options.python, "-I", "-B", folder.file("calibrate.py"), mode, fmt::format("{}", seconds),
       std::to_string(::getpid()), fmt::format("{}", nominal_pace_ns)},
      limits);
  if (!outcome) {
    return outcome.error();
  }
  if (!outcome.value().succeeded()) {
    return sim::Error{.where = options.python,
                      .what = "calibration failed: " + describe(outcome.value()),
                      .advice = "use a CPython 3.8 or newer with hashlib and ctypes"};
  }
  return std::move(outcome).value().out;
}

std::optional<sim::Error> calibrate_python(const CalibrationOptions& options,
                                           HostCalibration& calibration) {
  const auto folder = ScriptFolder::create();
  if (!folder) {
    return folder.error();
  }
  const auto kernels = run_script(options, folder.value(), "kernels");
  if (!kernels) {
    return kernels.error();
  }
  try {
    read_kernels(kernels.value(), calibration);
    if (options.quick_costs) {
      constexpr double pace_iterations = 20'000;  // PACE_ITERATIONS of calibrate.py
      const KernelCost& kernel = calibration.python_kernel;
      calibration.pace_ns = kernel.fixed_ns + kernel.per_iteration_ns * pace_iterations;
      const auto quick = run_script(options, folder.value(), "quick", calibration.pace_ns);
      if (!quick) {
        return quick.error();
      }
      calibration.quick = read_quick_costs(quick.value(), calibration.pace_ns);
      calibration.quick.newer_than_file = options.newer_than_file;
      const std::vector<std::string> lines = describe(calibration.quick);
      calibration.notes.insert(calibration.notes.end(), lines.begin(), lines.end());
    }
  } catch (const json::exception& problem) {
    return sim::Error{.where = options.python,
                      .what = std::string{"calibration gave no numbers: "} + problem.what(),
                      .advice = "use a CPython 3.8 or newer"};
  }
  return std::nullopt;
}

std::optional<sim::Error> calibrate_cpp(const CalibrationOptions& options,
                                        HostCalibration& calibration) {
  const auto samples =
      sample_cpp_in_child(calibration.cpus, options.kernel_time / 4, options.give_up);
  if (!samples) {
    return samples.error();
  }
  calibration.cpp_kernel = condense(samples.value().kernel);
  calibration.harness_cpp = samples.value().harness;
  if (calibration.traces.empty()) {
    calibration.traces = traces_of(samples.value().kernel, calibration.cpp_kernel);
  }
  judge("C++", calibration.cpp_kernel, calibration);
  return std::nullopt;
}

}  // namespace

std::vector<std::int32_t> allowed_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  ::sched_getaffinity(0, sizeof set, &set);
  std::vector<std::int32_t> cpus;
  for (std::int32_t cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(static_cast<std::size_t>(cpu), &set)) {
      cpus.push_back(cpu);
    }
  }
  return cpus;
}

sim::Result<QuickCosts> measure_again(const HostCalibration& calibration,
                                      const ScriptFolder& folder,
                                      const std::function<bool()>& give_up) {
  CalibrationOptions options;
  options.python = calibration.python;
  options.give_up = give_up;
  const auto text = run_script(options, folder, "reference", calibration.pace_ns);
  if (!text) {
    return text.error();
  }
  try {
    return read_again(text.value(), calibration.pace_ns, calibration.quick);
  } catch (const json::exception& problem) {
    return sim::Error{.where = calibration.python,
                      .what = std::string{"a reference gave no numbers: "} + problem.what(),
                      .advice = "use a CPython 3.8 or newer"};
  }
}

sim::Result<HostCalibration> calibrate_host(const CalibrationOptions& options) {
  HostCalibration calibration;
  calibration.python = options.python;
  calibration.cpus = allowed_cpus();
  if (!options.python.empty()) {
    if (auto problem = calibrate_python(options, calibration)) {
      return *problem;
    }
  }
  if (options.cpp) {
    if (auto problem = calibrate_cpp(options, calibration)) {
      return *problem;
    }
  }
  return calibration;
}

}  // namespace timeslice::validation
