#include "validation/calibrate/python_probes.hpp"

#include <algorithm>
#include <chrono>
#include <sstream>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "validation/calibrate/derive_runtime.hpp"
#include "validation/native/child.hpp"

namespace timeslice::validation {

namespace {

using nlohmann::json;

constexpr const char* who_are_you =
    "import sys; print(sys.implementation.name, *sys.version_info[:3], "
    "int('t' in getattr(sys, 'abiflags', '')))";

sim::Error no_python(const std::string& executable, std::string why) {
  return {.where = executable,
          .what = std::move(why),
          .advice = "name a CPython 3.8 or newer with --python EXE"};
}

/// CPU times of 1000 iterations of each kernel on each CPU.
ProbeSamples kernel_samples(const std::string& text) {
  ProbeSamples samples;
  const json answer = json::parse(text);
  for (const auto& [kernel, by_cpu] : answer.at("samples").items()) {
    const double thousands = answer.at("iterations").at(kernel).get<double>() / 1000.0;
    for (const json& cpu : by_cpu) {
      Samples& into = samples.by_name[fmt::format("kernel.{}.{}", kernel, cpu.at("cpu").dump())];
      for (const double used : cpu.at("used").get<std::vector<double>>()) {
        into.ns.push_back(used / thousands);
      }
    }
  }
  return samples;
}

class Prober {
 public:
  Prober(const PythonProbeOptions& options, const ScriptFolder& folder)
      : options_{options}, folder_{folder} {}

  ProbeSamples run() {
    const double seconds = std::chrono::duration<double>(options_.time).count();
    const auto text_of = [](double value) { return fmt::format("{:.2f}", value); };
    take("kernels", {"calibrate.py", "kernels", text_of(std::clamp(seconds * 0.2, 0.6, 6.0))},
         [](const std::string& text) { return sim::Result{kernel_samples(text)}; });
    take("starts", {"calibrate.py", "quick", "0"}, quick_samples);
    for (const std::int64_t size : payload_sizes) {
      take("payload", {"payload_parts.py", std::to_string(size)}, probe_samples_from);
    }
    // Starts take about 4 s; kernels up to four times theirs on a noisy host.
    const double left = std::chrono::duration<double>(options_.left()).count() - 8.0;
    const double rest = std::max(1.0, std::min(left, seconds - (seconds * 0.2 + 5.0)));
    take("parts", {"runtime_parts.py", text_of(rest)}, probe_samples_from);
    return std::move(all_);
  }

 private:
  using Reader = std::function<sim::Result<ProbeSamples>(const std::string&)>;

  /// Runs a script and adds what it says; what goes wrong is named.
  void take(const std::string& name, std::vector<std::string> words, const Reader& read) {
    const sim::Duration left = options_.left();
    if (left < std::chrono::milliseconds{500} || (options_.give_up && options_.give_up())) {
      all_.missing[name] = "no time was left";
      return;
    }
    ChildLimits limits;
    limits.wall = left;
    limits.give_up = options_.give_up;
    words.front() = folder_.file(words.front());
    words.insert(words.begin(), {options_.executable, "-I", "-B"});
    words.push_back(std::to_string(::getpid()));
    const auto outcome = run_program(words, limits);
    if (!outcome) {
      all_.missing[name] = outcome.error().what;
    } else if (!outcome.value().succeeded()) {
      all_.missing[name] = describe(outcome.value());
    } else {
      add(name, outcome.value().out, read);
    }
  }

  void add(const std::string& name, const std::string& text, const Reader& read) {
    try {
      const auto samples = read(text);
      if (samples) {
        all_.add(samples.value());
      } else {
        all_.missing[name] = samples.error().what;
      }
    } catch (const json::exception& problem) {
      all_.missing[name] = problem.what();
    }
  }

  const PythonProbeOptions& options_;
  const ScriptFolder& folder_;
  ProbeSamples all_;
};

}  // namespace

std::string PythonIdentity::line() const {
  return fmt::format("{}.{}{}", version.major, version.minor, free_threaded ? "t" : "");
}

std::string PythonIdentity::full() const {
  return fmt::format("{}.{}.{}{}", version.major, version.minor, version.patch,
                     free_threaded ? "t" : "");
}

sim::Result<PythonIdentity> identify_python(const std::string& executable,
                                            const std::function<bool()>& give_up) {
  if (::access(executable.c_str(), X_OK) != 0) {
    return no_python(executable, "is no program that can be started");
  }
  ChildLimits limits;
  limits.wall = std::chrono::seconds{20};
  limits.give_up = give_up;
  const auto outcome = run_program({executable, "-I", "-B", "-c", who_are_you}, limits);
  if (!outcome) {
    return outcome.error();
  }
  if (!outcome.value().succeeded()) {
    return no_python(executable, "does not run as a Python: " + describe(outcome.value()));
  }
  std::istringstream answer{outcome.value().out};
  std::string implementation;
  PythonIdentity identity;
  int threaded = 0;
  answer >> implementation >> identity.version.major >> identity.version.minor >>
      identity.version.patch >> threaded;
  if (!answer || implementation != "cpython" ||
      identity.version < models::PythonVersion{.major = 3, .minor = 8}) {
    return no_python(executable, "is no CPython from 3.8 on");
  }
  identity.free_threaded = threaded != 0;
  return identity;
}

ProbeSamples probe_python(const PythonProbeOptions& options, const ScriptFolder& folder) {
  return Prober{options, folder}.run();
}

}  // namespace timeslice::validation
