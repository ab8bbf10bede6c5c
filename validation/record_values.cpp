#include "validation/record_values.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "validation/calibrate/quick.hpp"

namespace timeslice::validation {

namespace {

using nlohmann::json;

constexpr std::int64_t longest_ns = 100LL * 3600 * 1'000'000'000;  // no run, no cost is longer
constexpr std::int64_t most_bytes = std::int64_t{1} << 50;
constexpr std::int64_t most_cpus = 65'536;

/// Not negative; `most` keeps nonsense out of later arithmetic.
double real(const json& value, double most = 1e18) {
  if (!value.is_number()) {
    throw BrokenRecord{"a number is missing"};
  }
  const auto number = value.get<double>();
  if (!(number >= 0.0 && number <= most)) {
    throw BrokenRecord{"a number is out of its range: " + value.dump()};
  }
  return number;
}

sim::Duration duration(const json& value) {
  return sim::Duration{whole(value, 0, longest_ns)};
}

models::Bytes bytes(const json& value) {
  return models::Bytes{whole(value, 0, most_bytes)};
}

using NamedKernel = std::pair<const char*, KernelCost HostCalibration::*>;
constexpr std::array<NamedKernel, 4> kernels{{{"python", &HostCalibration::python_kernel},
                                              {"native", &HostCalibration::native_kernel},
                                              {"held", &HostCalibration::held_kernel},
                                              {"cpp", &HostCalibration::cpp_kernel}}};

using NamedBytes = std::pair<const char*, models::Bytes models::PythonMemory::*>;
constexpr std::array<NamedBytes, 6> memory_parts{
    {{"interpreter", &models::PythonMemory::interpreter},
     {"files", &models::PythonMemory::files},
     {"forked_files", &models::PythonMemory::forked_files},
     {"fork_writes", &models::PythonMemory::fork_writes},
     {"forkserver_writes", &models::PythonMemory::forkserver_writes},
     {"gc_writes", &models::PythonMemory::gc_writes}}};

/// A column for each number of a sample, ends as lengths and begins as steps: short texts.
json columns_of(const std::vector<KernelSample>& samples) {
  json columns;
  for (const char* name : {"step", "length", "used", "nominal", "first", "last", "kernel"}) {
    columns[name] = json::array();
  }
  std::int64_t before = 0;
  for (const KernelSample& sample : samples) {
    columns["step"].push_back(sample.begin_ns - before);
    columns["length"].push_back(sample.end_ns - sample.begin_ns);
    columns["used"].push_back(sample.used_ns);
    columns["nominal"].push_back(sample.nominal_ns);
    columns["first"].push_back(sample.cpu_first);
    columns["last"].push_back(sample.cpu_last);
    columns["kernel"].push_back(static_cast<std::int32_t>(sample.kernel));
    before = sample.begin_ns;
  }
  return columns;
}

std::vector<KernelSample> samples_from(const json& columns) {
  const std::size_t count = columns.at("step").size();
  for (const auto& [name, column] : columns.items()) {
    if (!column.is_array() || column.size() != count) {
      throw BrokenRecord{"the columns of the samples are not of one length"};
    }
  }
  std::vector<KernelSample> samples(count);
  std::int64_t before = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const auto at = [&](const char* name, std::int64_t least, std::int64_t most) {
      return whole(columns.at(name).at(i), least, most);
    };
    KernelSample& sample = samples[i];
    sample.begin_ns = before + at("step", -longest_ns, longest_ns);
    if (std::abs(sample.begin_ns) > longest_ns) {
      throw BrokenRecord{"a sample lies outside of any run"};
    }
    sample.end_ns = sample.begin_ns + at("length", 0, longest_ns);
    sample.used_ns = at("used", 0, longest_ns);
    sample.nominal_ns = at("nominal", 0, longest_ns);
    sample.cpu_first = static_cast<std::int32_t>(at("first", 0, most_cpus));
    sample.cpu_last = static_cast<std::int32_t>(at("last", 0, most_cpus));
    sample.kernel = static_cast<Kernel>(at("kernel", 0, static_cast<int>(Kernel::held)));
    before = sample.begin_ns;
  }
  return samples;
}

json json_of(const models::Timings& timings) {
  json metrics = json::array();
  for (const models::Metric& metric : timings.metrics) {
    metrics.push_back({metric.name, metric.entity, metric.unit, metric.value});
  }
  json latencies = json::object();
  for (const models::Timings::Latencies& one : timings.latencies) {
    latencies[one.task] = one.nanoseconds;
  }
  return {{"seed", timings.seed},
          {"makespan", timings.makespan.count()},
          {"metrics", std::move(metrics)},
          {"latencies", std::move(latencies)}};
}

models::Timings timings_from(const json& value) {
  models::Timings timings;
  timings.seed = value.at("seed").get<std::uint64_t>();
  timings.makespan = sim::Duration{whole(value.at("makespan"), 1, longest_ns)};
  for (const json& metric : value.at("metrics")) {
    timings.metrics.push_back({.name = metric.at(0).get<std::string>(),
                               .entity = metric.at(1).get<std::string>(),
                               .unit = metric.at(2).get<std::string>(),
                               .value = real(metric.at(3))});
  }
  for (const auto& [task, all] : value.at("latencies").items()) {
    models::Timings::Latencies latencies{.task = task, .nanoseconds = {}};
    for (const json& one : all) {
      latencies.nanoseconds.push_back(whole(one, 0, longest_ns));
    }
    timings.latencies.push_back(std::move(latencies));
  }
  return timings;
}

json json_of(const AcceptedTrial& trial) {
  return {{"repetition", trial.repetition},           {"stretch", trial.stretch},
          {"foreign", trial.run.foreign_cpu.count()}, {"steal", trial.run.steal.count()},
          {"timings", json_of(trial.run.timings)},    {"samples", columns_of(trial.run.samples)}};
}

AcceptedTrial trial_from(const json& value, std::size_t references) {
  AcceptedTrial trial;
  trial.repetition = static_cast<std::uint64_t>(whole(value.at("repetition"), 0, 1'000'000));
  const auto last = static_cast<std::int64_t>(references) - 1;
  trial.stretch = static_cast<std::size_t>(whole(value.at("stretch"), 0, last));
  trial.run.foreign_cpu = duration(value.at("foreign"));
  trial.run.steal = duration(value.at("steal"));
  trial.run.timings = timings_from(value.at("timings"));
  trial.run.samples = samples_from(value.at("samples"));
  return trial;
}

}  // namespace

std::int64_t whole(const json& value, std::int64_t least, std::int64_t most) {
  if (!value.is_number_integer()) {
    throw BrokenRecord{"a whole number is missing"};
  }
  const bool wraps = value.is_number_unsigned() &&
                     value.get<std::uint64_t>() >
                         static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  const auto number = wraps ? least - 1 : value.get<std::int64_t>();
  if (number < least || number > most) {
    throw BrokenRecord{"a number is out of its range: " + value.dump()};
  }
  return number;
}

json json_of(const QuickCosts& costs) {
  json value;
  for (const QuickDuration& one : quick_durations) {
    value[one.name] = (costs.*one.cost).count();
  }
  value["slowness"] = costs.slowness;
  value["resident"] = costs.resident_bytes;
  value["cold_code"] = {{"factor", costs.cold_code.factor},
                        {"idle", costs.cold_code.idle},
                        {"resume", costs.cold_code.resume.count()},
                        {"after", costs.cold_code.after.count()},
                        {"start", costs.cold_code.start.count()}};
  for (const auto& [name, part] : memory_parts) {
    value["memory"][name] = (costs.memory.*part).count;
  }
  return value;
}

QuickCosts quick_costs_from(const json& value) {
  QuickCosts costs;
  for (const QuickDuration& one : quick_durations) {
    costs.*one.cost = duration(value.at(one.name));
  }
  costs.slowness = real(value.at("slowness"), 1e6);
  costs.resident_bytes = whole(value.at("resident"), 0, most_bytes);
  const json& cold = value.at("cold_code");
  costs.cold_code.factor = real(cold.at("factor"), 1e6);
  costs.cold_code.idle = real(cold.at("idle"), 1.0);
  costs.cold_code.resume = duration(cold.at("resume"));
  costs.cold_code.after = sim::Duration{whole(cold.at("after"), 1, longest_ns)};
  costs.cold_code.start = duration(cold.value("start", json(0)));  // not in the first records
  for (const auto& [name, part] : memory_parts) {
    costs.memory.*part = bytes(value.at("memory").at(name));
  }
  return costs;
}

json json_of(const HostCalibration& calibration) {
  json value{{"python", calibration.python},
             {"version", {calibration.version.major, calibration.version.minor}},
             {"pace", calibration.pace_ns},
             {"cpus", calibration.cpus},
             {"harness_python", calibration.harness_python.count()},
             {"harness_cpp", calibration.harness_cpp.count()},
             {"resident", calibration.resident.count},
             {"notes", calibration.notes},
             {"warnings", calibration.warnings}};
  for (const auto& [name, kernel] : kernels) {
    const KernelCost& cost = calibration.*kernel;
    value["kernels"][name] = {cost.fixed_ns, cost.per_iteration_ns, cost.spread, cost.disagreement};
  }
  value["traces"] = json::array();
  for (const SlownessTrace& trace : calibration.traces) {
    value["traces"].push_back(
        {{"cpu", trace.cpu}, {"step", trace.step.count()}, {"slowness", trace.slowness}});
  }
  return value;
}

HostCalibration calibration_from(const json& value) {
  HostCalibration calibration;
  calibration.python = value.at("python").get<std::string>();
  calibration.version.major = static_cast<int>(whole(value.at("version").at(0), 0, 1000));
  calibration.version.minor = static_cast<int>(whole(value.at("version").at(1), 0, 1000));
  calibration.pace_ns = real(value.at("pace"));
  for (const json& cpu : value.at("cpus")) {
    calibration.cpus.push_back(static_cast<std::int32_t>(whole(cpu, 0, most_cpus)));
  }
  if (!std::ranges::is_sorted(calibration.cpus, std::less_equal{})) {
    throw BrokenRecord{"the CPUs are not in order"};
  }
  calibration.harness_python = duration(value.at("harness_python"));
  calibration.harness_cpp = duration(value.at("harness_cpp"));
  calibration.resident = bytes(value.at("resident"));
  calibration.notes = value.at("notes").get<std::vector<std::string>>();
  calibration.warnings = value.at("warnings").get<std::vector<std::string>>();
  for (const auto& [name, kernel] : kernels) {
    const json& cost = value.at("kernels").at(name);
    calibration.*kernel = {.fixed_ns = real(cost.at(0)),
                           .per_iteration_ns = real(cost.at(1)),
                           .spread = real(cost.at(2)),
                           .disagreement = real(cost.at(3))};
  }
  for (const json& trace : value.at("traces")) {
    SlownessTrace& one = calibration.traces.emplace_back();
    one.cpu = static_cast<std::int32_t>(whole(trace.at("cpu"), 0, most_cpus));
    one.step = sim::Duration{whole(trace.at("step"), 1, longest_ns)};
    for (const json& slowness : trace.at("slowness")) {
      one.slowness.push_back(real(slowness, 1e6));
    }
  }
  return calibration;
}

json json_of(const Trials& trials) {
  json runs = json::array();
  for (const AcceptedTrial& trial : trials.accepted) {
    runs.push_back(json_of(trial));
  }
  return {{"attempts", trials.attempts},
          {"failures", trials.failures},
          {"rejected", trials.rejected},
          {"runs", std::move(runs)}};
}

Trials trials_from(const json& value, std::size_t references) {
  constexpr std::int64_t most_runs = 1'000'000;
  Trials trials;
  trials.attempts = static_cast<std::uint64_t>(whole(value.at("attempts"), 0, most_runs));
  trials.failures = static_cast<std::uint64_t>(whole(value.at("failures"), 0, most_runs));
  for (const auto& [reason, count] : value.at("rejected").items()) {
    trials.rejected[reason] = static_cast<std::uint64_t>(whole(count, 0, most_runs));
  }
  for (const json& run : value.at("runs")) {
    trials.accepted.push_back(trial_from(run, references));
  }
  return trials;
}

}  // namespace timeslice::validation
