#include "validation/calibrate/speed_findings.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "validation/statistics.hpp"

namespace timeslice::validation {

namespace {

constexpr double kernel_quantile = 0.05;  // as condense() of kernels takes
constexpr const char* reference_python = "3.11";
constexpr const char* nominal_name = "observed.nominal_python_3.11";

Samples per_thousand(const CpuSamples& cpu, std::uint64_t iterations) {
  Samples samples;
  for (const std::int64_t used : cpu.used_ns) {
    samples.ns.push_back(static_cast<double>(used) * 1000.0 / static_cast<double>(iterations));
  }
  return samples;
}

Finding factor(std::vector<std::string> path, double value, scenarios::MeasuredCost measured) {
  return {.path = std::move(path),
          .values = {fmt::format("{:.3f}", value)},
          .list = false,
          .name = {},
          .measured = std::move(measured)};
}

/// The fastest CPU's low quantile over 1000 iterations; nothing: no samples.
std::optional<double> nominal(const ProbeSamples& samples, Findings& into,
                              const std::string& version) {
  const std::string prefix = "kernel.python.";
  std::optional<double> least;
  for (const auto& [name, of] : samples.by_name) {
    if (name.starts_with(prefix) && !of.ns.empty()) {
      const double low = quantile(of.ns, kernel_quantile);
      least = least ? std::min(*least, low) : low;
      into.observe(fmt::format("cpu{}_python_{}", name.substr(prefix.size()), version), &of,
                   "CPU time of 1000 turns of the bytecode kernel, in order");
    }
  }
  return least;
}

}  // namespace

void add_native_speed(const KernelSamples& kernel, Findings& into) {
  const KernelCost cost = condense(kernel);
  if (!cost.known()) {
    return;
  }
  scenarios::MeasuredCost all;
  for (const CpuSamples& cpu : kernel.by_cpu) {
    const Samples samples = per_thousand(cpu, kernel.iterations);
    into.observe(fmt::format("cpu{}_native", cpu.cpu), &samples,
                 "CPU time of 1000 turns of the C++ kernel, in order");
    all.samples += samples.ns.size();
  }
  all.from = "C++ kernel against the reference machine, 5 % quantiles";
  into.add_value(factor({"speed", "native"}, reference_cpp_ns / cost.per_iteration_ns, all));
}

void add_python_speed(const ProbeSamples& samples, const SpeedGround& speed, Findings& into) {
  const std::string& name = speed.ground.name;
  const auto thousand = nominal(samples, into, name);
  if (!thousand) {
    return;
  }
  scenarios::MeasuredCost about;
  about.samples = 1;
  about.from = speed.ground.from + ", 5 % quantile of the fastest CPU";
  const sim::Duration exact{static_cast<std::int64_t>(*thousand)};
  about.p20 = about.p50 = about.p90 = exact;
  if (name == reference_python) {
    into.add_value(factor({"speed", "python"}, reference_python_ns * 1000.0 / *thousand, about));
    into.add_value(
        {.path = {}, .values = {}, .list = false, .name = nominal_name, .measured = about});
    return;
  }
  const Finding* now = into.find(nominal_name);
  const auto before = speed.known.measured.find(nominal_name);
  if (now == nullptr && before == speed.known.measured.end()) {
    return;  // no CPython 3.11 here: the factor stays unknown, and runs say so
  }
  const sim::Duration reference = now != nullptr ? now->measured.p20 : before->second.p20;
  into.add_value(factor({"runtimes", name, "speed", "python"},
                        static_cast<double>(reference.count()) / *thousand, about));
}

}  // namespace timeslice::validation
